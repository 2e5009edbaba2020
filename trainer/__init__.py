"""The DNN classifier: data contract, input pipeline, model, training, export and evaluation."""

__version__ = "0.1.0"
