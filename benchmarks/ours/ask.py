"""Asks the bare SavedModel, as a server does at its heart, and no more: arrays in, arrays out."""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.asking import FLOWER, keep_asking


def main() -> None:
    """Asks for some seconds, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--instances", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    import tensorflow as tf

    from trainer.model.saved_model import load_graph

    loaded = load_graph(options.model)
    signature: Any = loaded.signatures["predict"]
    columns = {name: tf.constant([value] * options.instances) for name, value in FLOWER.items()}

    def ask() -> object:
        return [tensor.numpy() for tensor in signature(**columns).values()]

    result = keep_asking(lambda: ask, 1, options.seconds, options.instances)
    print(json.dumps({**result, "versions": {"tensorflow": version("tensorflow")}}))


if __name__ == "__main__":
    main()
