"""What the page of a run tells of it as a whole."""

from __future__ import annotations

from emulator.console.addresses import page_of
from emulator.console.markup import cell, chips, duration, fact, head_cell, link, row, table, tag, text_fact, time, uri
from emulator.console.runs import RunView
from emulator.console.task_panel import long_text
from emulator.console.values import value_text


def show_facts(run: RunView) -> None:
    """What is known of a run as a whole."""
    summary = run.summary
    with tag("dl", classes="facts across"):
        text_fact("Pipeline", summary.pipeline)
        with fact("Started"):
            time(summary.started or summary.created)
        with fact("Duration"):
            duration(summary.started, summary.ended, summary.is_final)
        if summary.schedule:
            with fact("Schedule"):
                link(summary.schedule.rpartition("/")[2], page_of(summary.schedule))
        if summary.labels:
            with fact("Labels"):
                chips(summary.labels)
        with fact("Artifacts"):
            uri(f"{run.root.rstrip('/')}/{summary.run_id}" if run.root else "")


def show_parameters(run: RunView) -> None:
    """Its parameters, those that it was given first."""
    if not run.parameters:
        return
    with tag("details", classes="more"):
        count = len(run.parameters)
        tag("summary", f"{count} parameter{'s' if count != 1 else ''}, {len(run.given)} given for this run")
        with tag("div", classes="scroll"), table("Parameters", ["Parameter", "Value", "From"], stacking=False):
            for name, value in sorted(run.parameters.items(), key=lambda pair: (pair[0] not in run.given, pair[0])):
                with row():
                    head_cell(name)
                    with cell("Value", classes="value mono"):
                        long_text(value_text(value))
                    cell("From", "this run" if name in run.given else "the pipeline", "soft")
