"""Starts the emulator: `python -m emulator --help`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from emulator.api.start_error import StartError
from emulator.garbage import search_seldom
from emulator.serving import listening, serve
from emulator.settings import parse_settings
from emulator.state_folder import UMASK, owned

FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the emulator until SIGINT or SIGTERM; the exit code."""
    settings = parse_settings(arguments)
    os.umask(UMASK)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with owned(settings.state_dir) as folder, listening(settings.host, settings.port) as listener:
            serve(settings, folder, listener, dict(os.environ))
    except StartError as error:
        print(f"The emulator cannot start: {error}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    search_seldom()
    sys.exit(main())
