"""The pipeline: its definition, its one run configuration, its local run and its command line."""
