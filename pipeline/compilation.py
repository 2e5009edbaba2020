"""From a pipeline's definition to its one YAML file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import RunConfig
from trainer.errors import UsageError

if TYPE_CHECKING:
    from kfp.dsl.base_component import BaseComponent

DEFAULT_OUTPUT = Path("build/dnn-pipeline.yaml")


def compile_pipeline(config: RunConfig, output: Path) -> Path:
    """Compiles the pipeline to one YAML document, the same bytes for the same configuration.

    Args:
        config: Name, image and limits that the file fixes, and the defaults of its parameters.
        output: The file; its folder is made if need be, and it appears whole or not at all.

    Returns:
        `output`.

    Raises:
        UsageError: `output` cannot be written.
    """
    _load_kfp()
    from pipeline.definition import define_pipeline

    return _written(define_pipeline(config), output)


def compile_tuning_pipeline(config: RunConfig, output: Path) -> Path:
    """Compiles the tuning pipeline, as `compile_pipeline` the other.

    Raises:
        UsageError: `output` cannot be written, or no machine suffices for a trial.
    """
    _load_kfp()
    from pipeline.tuning import define_tuning_pipeline

    return _written(define_tuning_pipeline(config), output)


def tuning_file(output: Path) -> Path:
    """The file of the tuning pipeline beside that of the other: `dnn-tuning-pipeline.yaml` for `dnn-pipeline.yaml`."""
    return output.with_name(f"{output.stem.removesuffix('-pipeline')}-tuning-pipeline{output.suffix}")


def _written(definition: BaseComponent, output: Path) -> Path:
    from kfp import compiler

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        # kfp wants a file name that ends in .yaml, and writes it bit by bit.
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".compiling-") as beside:
            compiler.Compiler().compile(definition, f"{beside}/pipeline.yaml")
            Path(beside, "pipeline.yaml").replace(output)
    except OSError as error:
        raise UsageError(
            f"The compiled pipeline cannot be written to {output}: {error.strerror}. Give another --output."
        ) from error
    return output


def _load_kfp() -> None:
    """Loads kfp without its client of Kubeflow Pipelines, which takes with Kubernetes' as long as all the rest.

    `_KFP_RUNTIME` is the switch for that which kfp sets for its own components.
    """
    before = os.environ.get("_KFP_RUNTIME")
    os.environ["_KFP_RUNTIME"] = "true"
    try:
        import kfp  # noqa: F401 - loaded for the others
    finally:
        if before is None:
            del os.environ["_KFP_RUNTIME"]
        else:
            os.environ["_KFP_RUNTIME"] = before
