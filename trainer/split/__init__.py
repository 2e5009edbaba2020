"""One table split in two, to train on and to evaluate on: by what the rows hold, and not by where they stand.

Read `rule` for what is asked, `sides` for which row goes where, `table` for reading and writing the files.
"""
