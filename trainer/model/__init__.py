"""The DNN classifier: from the columns of a table to a SavedModel and back.

Read fitted_columns (what the training rows say of each column), features and row_layout (a row as numbers), network
(the layers), trained_model, export (the SavedModel and its signatures), files (what lies beside it), saved_model.
"""
