"""Floor 7, what users subclass and hold: Agent, ConversationFlow, AgentSession and the handle of a say."""
