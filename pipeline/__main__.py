"""Entry point of `python -m pipeline`."""

from __future__ import annotations

import sys

from pipeline.interrupts import heard_from_start_to_end

if __name__ == "__main__":
    with heard_from_start_to_end():
        from trainer.garbage import search_seldom

        search_seldom()
        try:
            from pipeline.cli import main

            sys.exit(main())
        except KeyboardInterrupt:
            sys.exit(130)
