"""The commands that look at tables and contracts alone, without a run: check."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer.errors import DataError, one_of, quoted

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Tables: paths, globs or URLs.")],
    schema: Annotated[str, typer.Option(metavar="FILE", help="The data contract that they must keep.")],
) -> None:
    """Verify tables against a data contract, as a run would, and tell what they hold."""
    from trainer.contract import load_contract
    from trainer.tables.counts import count_classes

    contract = load_contract(schema)
    counted, problems, total = count_classes(files, contract)
    for url, counts in counted.items():
        told = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        print(f"{url}: {sum(counts.values())} rows keep {schema}: {told}.")
    if problems:
        raise DataError(problems, total)
    absent = [name for name in contract.label.classes if not any(counts[name] for counts in counted.values())]
    if absent:
        which = "This file holds" if len(counted) == 1 else "These files hold"
        print(f"{which} no row of class {one_of(absent)}, without which {quoted(contract.name)} cannot be trained.")
