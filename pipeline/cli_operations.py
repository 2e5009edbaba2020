"""The commands around runs: plan, schedule, doctor, clean."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
