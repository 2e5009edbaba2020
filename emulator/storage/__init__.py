"""Cloud Storage beside the API, on a port of its own: the part of its JSON API that Google's clients and gcsfs use.

Read application (from a request to an answer), addresses, then objects (the buckets and objects themselves, one step or
none), drafts (bytes on their way in), records, conditions, listing with globs; uploads, downloads and batches are the
forms that requests come in; names has Google's rules for them, former_store takes over what older versions kept.
"""
