"""The drawing of what a run came to."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.console.addresses import download_of, report_of
from emulator.console.charts import curve_chart, roc_chart
from emulator.console.curves import by_tag
from emulator.console.decision import DecisionView, number_text
from emulator.console.insight_view import show_insight
from emulator.console.markup import cell, head_cell, link, row, scrolling, table, tag
from emulator.console.metrics import Confusion, Roc
from emulator.console.results import Results
from emulator.console.widgets import Chart

TILES = 6
# What a reader looks for first.
TOLD_FIRST = ("accuracy", "loss", "auc", "rows")
# A matrix of more classes is no picture any more.
MOST_CLASSES = 30


def show_results(results: Results) -> None:
    """Puts the results into the page, but for the reports."""
    for name, decision in results.decisions.items():
        show_decision(decision, name)
    _metrics(results.metrics)
    with tag("div", classes="cards"):
        for decision in results.decisions.values():
            show_insight(decision.insight)
        for name, confusion in results.confusions.items():
            show_confusion(confusion, name)
        if results.rocs:
            show_rocs(results.rocs)
        for title, curves in by_tag(results.curves).items():
            with tag("section", classes="card"):
                tag("h2", f"Training: {title}")
                ends = ", ".join(f"{curve.run or 'run'} ends at {number_text(curve.points[-1][1])}" for curve in curves)
                Chart(curve_chart(curves), f"Training curves of {title}: {ends}.")
                tag("p", f"{ends[:1].upper()}{ends[1:]}.", "soft small")
    for note in results.notes:
        tag("p", note, "soft")


def show_reports(results: Results) -> None:
    """Puts the HTML reports into the page."""
    for name, uri in results.reports.items():
        _report(name, uri)


def show_decision(decision: DecisionView, name: str) -> None:
    """A decision: its rules with their numbers."""
    with tag("section", classes="card", attributes={"aria-label": "Decision"}):
        with tag("div", classes="heading"):
            tag("h2", "Decision")
            tone, mark, word = ("good", "✓", "Passed") if decision.passed else ("bad", "✗", "Kept back")
            with tag("span", classes=f"state {tone}"):
                tag("span", mark, attributes={"aria-hidden": "true"})
                tag("span", word)
            rows = f" · {decision.rows:,} rows" if decision.rows is not None else ""
            tag("span", f"{name}{rows}", "soft small")
        if decision.summary:
            tag("p", decision.summary)
        with (
            tag("div", classes="scroll"),
            table("Rules", ["", "Rule", "Value", "Asked", "Outcome"], ["Value", "Asked"]),
        ):
            for rule in decision.rules:
                with row():
                    with cell("", classes="pick"):
                        tone, mark, word = ("good", "✓", "kept") if rule.passed else ("bad", "✗", "broken")
                        tag("span", mark, f"rule-mark {tone}", {"role": "img", "aria-label": word})
                    head_cell(rule.name)
                    cell("Value", rule.value, "number")
                    cell("Asked", rule.asked, "number")
                    cell("", rule.sentence, "value")


def _metrics(metrics: Mapping[str, Mapping[str, float]]) -> None:
    if not metrics:
        return
    first = next(iter(metrics.values()))
    with tag("section", classes="stack", attributes={"aria-label": "Metrics"}):
        tag("h2", "Metrics")
        with tag("div", classes="tiles"):
            for name, value in sorted(first.items(), key=_rank)[:TILES]:
                with tag("div", classes="tile"):
                    tag("b", number_text(value))
                    tag("span", name.replace("_", " "))
        if len(metrics) > 1 or len(first) > TILES:
            with tag("details", classes="more"):
                count = sum(len(numbers) for numbers in metrics.values())
                tag("summary", f"All {count} metrics")
                with tag("div", classes="card flush"), table("Metrics", ["Metric", "Value", "From"], ["Value"]):
                    for source, numbers in metrics.items():
                        for name, value in sorted(numbers.items()):
                            with row():
                                head_cell(name)
                                cell("Value", number_text(value), "number")
                                cell("From", source)


def _rank(metric: tuple[str, float]) -> tuple[int, str]:
    """Where a metric stands among the tiles."""
    name = metric[0]
    return (TOLD_FIRST.index(name) if name in TOLD_FIRST else len(TOLD_FIRST), name)


def show_confusion(confusion: Confusion, name: str) -> None:
    """A confusion matrix, each cell as dark as its share of its row."""
    with tag("section", classes="card"):
        tag("h2", "Confusion matrix")
        tag("p", f"{name}. Rows are true classes, columns predicted ones.", "soft small")
        if len(confusion.classes) > MOST_CLASSES:
            tag("p", f"It has {len(confusion.classes)} classes, too many to draw.")
            return
        with scrolling("Confusion matrix"), tag("table", classes="matrix"):
            with tag("thead"), tag("tr"):
                tag("td")
                for title in confusion.classes:
                    tag("th", title, attributes={"scope": "col", "title": title})
            with tag("tbody"):
                for title, counts in zip(confusion.classes, confusion.rows, strict=True):
                    with tag("tr"):
                        tag("th", title, attributes={"scope": "row", "title": title})
                        for count in counts:
                            share = 0.55 * count / max(sum(counts), 1)
                            tag("td", number_text(count)).style(f"background: rgb(var(--heat) / {share:.2f})")


def show_rocs(rocs: Mapping[str, Roc]) -> None:
    """ROC curves in one chart."""
    with tag("section", classes="card"):
        tag("h2", "ROC curve" if len(rocs) == 1 else "ROC curves")
        areas = ", ".join(f"{name}: area {roc.area:.4f}" for name, roc in rocs.items())
        tag("p", f"{areas}.", "soft small")
        named = {"" if len(rocs) == 1 else name: roc for name, roc in rocs.items()}
        Chart(roc_chart(named), f"ROC curve. {areas}.")


def _report(name: str, uri: str) -> None:
    with tag("section", classes="card"):
        with tag("div", classes="heading"):
            tag("h2", "Report")
            tag("span", name, "soft small")
            link("Download", download_of(uri), "end")
        # An empty sandbox: no scripts, no forms, no origin.
        attributes = {"src": report_of(uri), "sandbox": "", "title": f"Report {name}"}
        tag("iframe", classes="report", attributes=attributes)
