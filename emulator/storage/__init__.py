"""Cloud Storage beside the API, on a port of its own: the part of its JSON API that Google's clients and gcsfs use.

Read application (from a request to an answer), upload_methods, addresses; then objects (one step or none), buckets and
resumable_uploads, which object_store puts together; drafts (bytes on their way in), records, conditions, listing with
globs. uploads, downloads and batches are the forms that requests and answers come in; names has Google's rules for
them; former_store takes over what older versions kept.
"""
