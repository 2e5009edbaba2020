from __future__ import annotations

from datetime import UTC, datetime

from components.vertex.rollout_plan import Deployment
from pipeline.serving.record import EndpointRecord, VersionRecord
from pipeline.serving.view import endpoints_table, versions_table

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_version_is_a_row() -> None:
    versions = [
        VersionRecord("2", NOON, ["champion", "best"], {"run": "r-2", "data": "c4c7"}, 0.96667, {"iris": 100}),
        VersionRecord("1", NOON, [], {}, None, {}),
    ]
    when = NOON.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert versions_table(versions).plain == (
        f"Version  Aliases         Registered           Accuracy  Serves      Labels\n"
        f"2        champion, best  {when}  0.9667    iris 100 %  data=c4c7 run=r-2\n"
        f"1                        {when}"
    )


def test_deployment_is_a_row_and_an_idle_endpoint_too() -> None:
    deployed = [Deployment("77", "2", 90), Deployment("66", "1", 10)]
    endpoints = [EndpointRecord("iris", "projects/p/1", deployed), EndpointRecord("iris-smoke", "projects/p/2", [])]
    assert endpoints_table(endpoints).plain == (
        "Endpoint    Deployed   Traffic  Deployment\n"
        "iris        version 2  90 %     77\n"
        "iris        version 1  10 %     66\n"
        "iris-smoke  nothing"
    )
