"""The commands that look into runs: logs, why, diff, console."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
