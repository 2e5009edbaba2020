"""How versions and endpoints look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from pipeline.serving.record import EndpointRecord, VersionRecord
from pipeline.text_table import table


def versions_table(versions: Sequence[VersionRecord]) -> Text:
    """One version a row."""
    titles = ["Version", "Aliases", "Registered", "Accuracy", "Serves", "Labels"]
    rows = [
        [
            record.version,
            ", ".join(record.aliases),
            f"{record.created.astimezone():%Y-%m-%d %H:%M:%S}",
            "" if record.accuracy is None else f"{record.accuracy:.4f}",
            ", ".join(f"{name} {percent} %" for name, percent in record.traffic.items()),
            " ".join(f"{key}={value}" for key, value in sorted(record.labels.items())),
        ]
        for record in versions
    ]
    return table(titles, rows)


def endpoints_table(endpoints: Sequence[EndpointRecord]) -> Text:
    """One deployment a row, and a row for an endpoint without any."""
    rows = []
    for record in endpoints:
        rows += [[record.name, f"version {one.version}", f"{one.traffic} %", one.id] for one in record.deployments]
        if not record.deployments:
            rows.append([record.name, "nothing", "", ""])
    return table(["Endpoint", "Deployed", "Traffic", "Deployment"], rows)
