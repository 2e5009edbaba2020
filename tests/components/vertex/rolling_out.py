"""A rollout in a process of its own, which a test may kill: `python -m tests.components.vertex.rolling_out SHARE`."""

from __future__ import annotations

import logging
import sys

from tests.components.vertex.registered import register, rolled_out


def main() -> None:
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    logging.getLogger("components.vertex").setLevel(logging.INFO)
    rolled_out(register(float(sys.argv[1])), 10, 50, 100)


if __name__ == "__main__":
    main()
