"""The options for a table of the user's that a run drafts a contract for and splits."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipeline.runs.table_choice import OwnTable
from trainer.split.rule import Rule

_PANEL = "Your own table"
_RULE = Rule()

# By the names of the parameters: annotation and default.
TABLE_OPTIONS: dict[str, tuple[Any, Any]] = {
    "data": (
        Annotated[
            str,
            typer.Option(
                metavar="FILE",
                rich_help_panel=_PANEL,
                help="One CSV file, split into training and evaluation data. A contract is drafted from it.",
            ),
        ],
        "",
    ),
    "label": (
        Annotated[
            str,
            typer.Option(
                metavar="COLUMN",
                rich_help_panel=_PANEL,
                help="With --data: name or number of the column of the classes, unless a contract is given.",
            ),
        ],
        "",
    ),
    "eval_share": (
        Annotated[
            float,
            typer.Option(
                metavar="NUMBER",
                rich_help_panel=_PANEL,
                help="With --data: the share of the rows to evaluate on, 0 to 1.",
            ),
        ],
        _RULE.share,
    ),
    "split_seed": (
        Annotated[
            int, typer.Option(metavar="INTEGER", min=0, rich_help_panel=_PANEL, help="With --data: decides which rows.")
        ],
        _RULE.seed,
    ),
    "group": (
        Annotated[
            str,
            typer.Option(
                metavar="COLUMN",
                rich_help_panel=_PANEL,
                help="With --data: rows with one word in this column stay together, such as those of one person.",
            ),
        ],
        "",
    ),
    "time": (
        Annotated[
            str,
            typer.Option(
                metavar="COLUMN",
                rich_help_panel=_PANEL,
                help="With --data: the latest rows by this column are those to evaluate on.",
            ),
        ],
        "",
    ),
}


def table_of(given: dict[str, Any]) -> OwnTable:
    """Takes what the options say out of a command's arguments."""
    data, label, share, seed, group, time = (given.pop(name) for name in TABLE_OPTIONS)
    return OwnTable(data, label, Rule(share, seed, group, time))
