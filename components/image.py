"""The image that every component runs in, until a compiled pipeline names another."""

from trainer import __version__

TRAINER_IMAGE = f"dnn-trainer:{__version__}"
