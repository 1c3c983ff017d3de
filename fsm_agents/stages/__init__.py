"""Floor 5, what a provider must offer: one protocol for each stage (voice activity, speech-to-text, model, text-to-speech)."""
