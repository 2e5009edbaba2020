"""What the components share of Vertex AI: the connection, the registry, the endpoint, the rollout."""
