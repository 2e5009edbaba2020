"""MetadataService: contexts, artifacts and executions, and how they are related; experiments live there.

Read service (its methods), stores, resources, links, queries; below them records, relations and filters.
"""
