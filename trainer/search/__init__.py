"""What a hyperparameter search tries: values of the trainer's own flags.

Read `space` for what there is to search, `reading` for the text that says so, `metrics` for what is looked for.
"""
