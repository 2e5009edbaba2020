"""Evaluation: scores of a model on rows, its comparison with the champion on the same rows, the decision of the gate.

Read assessment, scores with roc_curve, measurement with gate_metric and intervals, comparison, decision; insight with
importance, worst_rows and calibration tells what the model does, and smoke_test and report are what goes on from here.
"""
