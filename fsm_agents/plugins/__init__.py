"""Floor 6, the providers: one folder for each, and none may know another. Their libraries are imported when they are used."""
