"""PipelineService's jobs: each is run by emulator/runner in a process of its own, and told of as Vertex AI tells.

Read service (its methods), methods and rules, listing, batches; then the supervisor, the life of a job: its folders,
its process, the updates of its records, the publication of its files; lineage is what it leaves in the metadata store.
"""
