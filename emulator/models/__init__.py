"""ModelService, the registry: models, their versions and aliases, and what evaluations found of them.

Read service (its methods), methods (models), versions, evaluations; below them registry (the records, which endpoints
and batch predictions read too), rules and aliases.
"""
