"""The way to Vertex AI: connection, clients, and what goes wrong in sentences."""
