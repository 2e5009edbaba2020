"""The image that every component and every served model runs in, until a compiled pipeline names another."""

from trainer import __version__

# Of Artifact Registry's form, which Vertex AI asks of a model's serving image. Nothing is pulled on a laptop.
TRAINER_IMAGE = f"us-central1-docker.pkg.dev/local-project/pipelines/dnn-trainer:{__version__}"
