"""What the command line says of a table of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.config_layers import COMMAND_LINE
from trainer.errors import UsageError
from trainer.split.rule import Rule


@dataclass(frozen=True)
class OwnTable:
    """What the command line says of a table.

    Attributes:
        data: The file; empty for none.
        label: Name or number of the column of the classes; empty where a contract says it.
        rule: How it is split.
    """

    data: str = ""
    label: str = ""
    rule: Rule = field(default_factory=Rule)

    def require_sense(self, sources: Mapping[str, str], has_file: bool) -> None:
        """Refuses options that contradict each other.

        Args:
            sources: Where the configuration's values come from.
            has_file: Whether another pipeline than this project's is given.

        Raises:
            UsageError: They do.
        """
        typed = {name for name, source in sources.items() if source == COMMAND_LINE}
        if not self.data:
            if self.label or self.rule != Rule():
                raise UsageError("`--label`, `--eval-share`, `--split-seed`, `--group` and `--time` go with `--data`.")
            return
        if has_file or typed & {"train_data", "eval_data"}:
            other = "--file" if has_file else "--train-data and --eval-data"
            raise UsageError(f"`--data` is split into what a run takes, and does not go with `{other}`. Leave one out.")
        if bool(self.label) == ("schema" in typed):
            raise UsageError(
                "`--data FILE` needs to know the classes: give `--label COLUMN` for a contract that is drafted now, or "
                "`--schema FILE` for one that is there, and not both."
            )
        if self.rule.group and self.rule.time:
            raise UsageError("A table is split by `--group` or by `--time`, and not by both. Leave one out.")
