"""Asks an exported model for every row of a CSV file, or evaluates it on them and decides, as evaluate_model does."""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version

from trainer.evaluation.decision import Gate


def main() -> None:
    """Does one of both, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--evaluate", action="store_true", help="score and decide too")
    options = parser.parse_args()
    import tensorflow  # noqa: F401 - loaded before the clock runs

    from trainer.evaluation.assessment import assess_model
    from trainer.evaluation.scores import answers
    from trainer.model.saved_model import SavedModel

    begun = time.perf_counter()
    if options.evaluate:
        gate = Gate(0.5)
        rows = assess_model(options.model, [options.csv], options.batch, gate, None).evaluation.rows
    else:
        model = SavedModel(options.model)
        rows = len(answers(model, [options.csv], model.contract, options.batch)[0])
    seconds = time.perf_counter() - begun
    versions = {"tensorflow": version("tensorflow")}
    print(json.dumps({"seconds": seconds, "rows_per_s": rows / seconds, "versions": versions}))


if __name__ == "__main__":
    main()
