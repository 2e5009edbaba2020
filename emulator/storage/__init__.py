"""Cloud Storage beside the API, on a port of its own. Read server."""
