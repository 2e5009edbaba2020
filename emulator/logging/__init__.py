"""Cloud Logging's list of entries, over what the tasks of pipeline jobs write.

Read service, entries (the method), task_log_file (one log, line by line, in both directions).
"""
