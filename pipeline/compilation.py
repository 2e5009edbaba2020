"""From the pipeline's definition to its one YAML file."""

from __future__ import annotations

import uuid
from pathlib import Path

from pipeline.config import RunConfig
from trainer.errors import UsageError

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
    from kfp import compiler

    from pipeline.definition import define_pipeline

    beside = output.with_name(f".{uuid.uuid4().hex}.yaml")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        compiler.Compiler().compile(define_pipeline(config), str(beside))
        beside.replace(output)
    except OSError as error:
        raise UsageError(
            f"The compiled pipeline cannot be written to {output}: {error.strerror}. Give another --output."
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return output
