"""Whether everything is there that a run needs, and how to get what is missing."""
