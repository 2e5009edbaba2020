"""The files of a model's folder, by what they hold."""

from __future__ import annotations

# What TensorFlow's loaders look for: without this file there is no SavedModel.
COMPLETED_BY = "saved_model.pb"
CONTRACT_FILE = "assets.extra/contract.json"
RECORD_FILE = "assets.extra/training.json"
# A registered version has them besides.
SMOKE_FILE = "assets.extra/smoke.json"
INSTANCE_SCHEMA_FILE = "assets.extra/instance.yaml"
