"""Entry point of `python -m pipeline`."""

from __future__ import annotations

import sys

from trainer.garbage import search_seldom

if __name__ == "__main__":
    search_seldom()
    try:
        from pipeline.cli import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
