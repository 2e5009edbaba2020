"""Entry point of `python -m pipeline`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from pipeline.cli import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
