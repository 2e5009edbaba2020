"""A local stand-in of Vertex AI. Its runner executes any compiled pipeline on this machine."""
