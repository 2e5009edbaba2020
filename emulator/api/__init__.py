"""What every service of the API stands on; nothing here knows any of them.

Read calls (what a handler is given), routes and paths (how a request finds it), errors; then store (one transaction a
request), codec and versions (JSON and the SDK's types), operations; and the small rules: names, validation, masks,
filters, listing, etags, clock, guard.
"""
