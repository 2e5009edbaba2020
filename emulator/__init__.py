"""A local stand-in of Vertex AI, for any pipeline and any script of the SDK."""
