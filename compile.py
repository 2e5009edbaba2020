"""`python compile.py`: compiles the pipelines to build/dnn-pipeline.yaml and build/dnn-tuning-pipeline.yaml."""

from __future__ import annotations

import sys

from pipeline.cli import compile_command
from trainer.garbage import search_seldom

if __name__ == "__main__":
    search_seldom()
    sys.exit(compile_command())
