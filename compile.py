"""`python compile.py`: compiles the pipeline to build/dnn-pipeline.yaml."""

from __future__ import annotations

import sys

from pipeline.cli import compile_command

if __name__ == "__main__":
    sys.exit(compile_command())
