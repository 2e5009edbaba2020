"""Evaluation: scores of a model on rows, its comparison with the champion on the same rows, the decision of the gate.

Read assessment, scores with roc_curve, comparison, decision; smoke_test and report are what goes on from here.
"""
