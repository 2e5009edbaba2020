"""Test accuracy and loss of the tutorial's setting, 1000 steps of 40 rows, over many seeds."""

from __future__ import annotations

from benchmarks.programs import ours
from benchmarks.repeats import say
from benchmarks.results import Section
from benchmarks.series import OURS, Contest, Series, Target
from benchmarks.sizes import Sizes
from benchmarks.tables import TRAINING

_NOTE = "TF 1's DNNClassifier: accuracy 0.933 to 0.967, 0.963 in the mean; mean loss 0.062 to 0.069."
LEAST_ACCURACY = 0.955


def measure(sizes: Sizes) -> Section:
    """Trains once a seed."""
    results = []
    for seed in range(1, sizes.seeds + 1):
        say(f"  seed {seed} of {sizes.seeds}")
        words = ("--csv", TRAINING, "--batch", 40, "--steps", sizes.iris_steps, "--seed", seed)
        results.append(ours("train").run(*words))
    what = f"Iris, {sizes.iris_steps} steps, {sizes.seeds} seeds: accuracy on the 30 test rows"
    versions = results[0]["versions"]
    mean = sum(result["accuracy"] for result in results) / len(results)
    return Section(
        "Accuracy",
        (
            Contest(
                f"{what}, mean of the seeds",
                "",
                (Series(OURS, (mean,), versions),),
                (Target("at least", LEAST_ACCURACY),),
                note=_NOTE,
            ),
            Contest(
                "Accuracy and loss, seed by seed",
                "",
                (
                    Series("accuracy", tuple(result["accuracy"] for result in results), versions),
                    Series("loss", tuple(result["loss"] for result in results), versions),
                ),
                compared=False,
            ),
        ),
    )
