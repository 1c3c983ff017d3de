"""Floor 6, where sound comes from and goes to: memory, WAV files, browser, microphone. No room may know another."""
