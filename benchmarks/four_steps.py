"""Four steps in a row, as a kfp pipeline: each notes when its body began and ended."""

# ruff: noqa: I002 - kfp reads annotations as values
# mypy: disable-error-code="untyped-decorator"

from pathlib import Path

from kfp import compiler, dsl

STEPS = ("first", "second", "third", "fourth")


@dsl.component(base_image="trainer:1", install_kfp_package=False)
def note(folder: str, name: str, tensorflow: bool, after: str) -> str:
    """Notes a body's begin and end, and does a little with TensorFlow between them where asked."""
    import json
    import time
    from pathlib import Path

    begun = time.time()
    if tensorflow:
        import tensorflow as tf

        tf.reduce_sum(tf.random.normal([500, 500])).numpy()
    Path(folder, name).write_text(json.dumps([begun, time.time()]), encoding="utf-8")
    return name + after


@dsl.pipeline(name="four-steps")
def four_steps(folder: str, tensorflow: bool = False) -> None:
    """The steps, each fed by the one before."""
    before = ""
    for name in STEPS:
        task = note(folder=folder, name=name, tensorflow=tensorflow, after=before)
        task.set_caching_options(False)
        before = task.output


def compile_to(path: Path) -> Path:
    """Writes the pipeline to a YAML file."""
    compiler.Compiler().compile(four_steps, str(path))
    return path
