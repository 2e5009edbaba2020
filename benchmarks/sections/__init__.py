"""The sections of the report: each measures one part of the project against its peers."""
