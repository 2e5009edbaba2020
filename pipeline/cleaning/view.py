"""How a cleaning looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from pipeline.cleaning.plan import Cleaning, Resting
from pipeline.config import Connection
from pipeline.runs.record import RunRecord
from pipeline.runs.view import command_line
from pipeline.text_table import aligned

_ROW = "  "
_PREFIXES = ("B", "KiB", "MiB", "GiB", "TiB")


def cleaning_text(
    cleaning: Cleaning, sizes: Mapping[str, int], config: Connection, is_done: bool, again: Sequence[str] = ()
) -> Text:
    """What goes or has gone, and what is kept.

    Args:
        cleaning: What was planned.
        sizes: Of the runs' results, in bytes, by run id.
        config: Tells which Vertex AI it is about.
        is_done: Whether it has been carried out.
        again: The options that lead a command to the same Vertex AI.
    """
    parts = [*_endpoints(cleaning, is_done), *_runs(cleaning, sizes, config, is_done), *_kept(cleaning, again)]
    if cleaning.at_work:
        parts.append(
            Text(
                f"Run {', '.join(cleaning.at_work)} is at work, and may be using any of this: nothing is removed until "
                "it has ended.",
                "yellow",
            )
        )
    return Text("\n\n").join(parts) if parts else Text("There is nothing to remove.")


def shown_size(size: float) -> str:
    """A number of bytes as `1.5 MiB`."""
    for prefix in _PREFIXES[:-1]:
        if size < 1024:
            return f"{size:.0f} {prefix}" if prefix == "B" else f"{size:.1f} {prefix}"
        size /= 1024
    return f"{size:.1f} {_PREFIXES[-1]}"


def _endpoints(cleaning: Cleaning, is_done: bool) -> Iterator[Text]:
    if cleaning.endpoints:
        gone = "an endpoint made anew has another, and whoever calls this one is answered 404"
        title = (
            f"Removed with its id, as nothing was deployed on it ({gone}):"
            if is_done
            else f"Would go with its id, as nothing is deployed on it ({gone}):"
        )
        yield _block(title, [[Text(f"endpoint {one.name}"), Text(one.resource_name)] for one in cleaning.endpoints])


def _runs(cleaning: Cleaning, sizes: Mapping[str, int], config: Connection, is_done: bool) -> Iterator[Text]:
    if not cleaning.runs:
        return
    if config.connection == "vertex":
        yield _block(
            "Old runs, which stay: on Vertex AI they cost nothing, and versions and metadata lead back to them. A "
            "lifecycle rule of the bucket can remove their results:",
            [[Text(run.run_id), Text(_ended(run))] for run in cleaning.runs],
        )
        return
    whole = shown_size(sum(sizes.values()))
    title = f"Removed, {whole} of old runs:" if is_done else f"Would go, {whole} of old runs that nothing needs:"
    rows = [
        [Text(f"run {run.run_id}"), Text(_ended(run)), Text(shown_size(sizes.get(run.run_id, 0)))]
        for run in cleaning.runs
    ]
    yield _block(title, rows)


def _kept(cleaning: Cleaning, again: Sequence[str]) -> Iterator[Text]:
    if cleaning.needed:
        rows = [[Text(f"run {run_id}"), Text(reason)] for run_id, reason in cleaning.needed.items()]
        yield _block("Kept, though old:", rows)
    if cleaning.resting:
        yield _block(
            "Kept, as `rollback` leads back to it, though it costs money and answers nothing; what takes it off:",
            [
                [Text(f"version {one.deployment.version} on {one.endpoint.name}"), Text(_take_off(one, again))]
                for one in cleaning.resting
            ],
        )


def _take_off(resting: Resting, again: Sequence[str]) -> str:
    return command_line("undeploy", resting.deployment.version, "--endpoint-name", resting.endpoint.name, *again)


def _block(title: str, rows: list[list[Text]]) -> Text:
    return Text("\n").join([Text(title, "bold"), *(Text(_ROW) + line for line in aligned(rows).split())])


def _ended(run: RunRecord) -> str:
    moment = run.ended or run.created
    return f"{run.state} {moment.astimezone():%Y-%m-%d}" if moment else run.state
