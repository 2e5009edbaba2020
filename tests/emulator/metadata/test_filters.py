from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import Artifact, Context, Execution
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.api.store import Store, Transaction
from emulator.metadata.filters import names_among, parse_metadata_filter
from emulator.metadata.records import ARTIFACT, CONTEXT, EXECUTION, Kind
from emulator.metadata.relations import CHILDREN, HELD

STORE = "projects/p/locations/l/metadataStores/default"
EXPERIMENT, RUN, OTHER = (f"{STORE}/contexts/{name}" for name in ("iris", "iris-1", "other"))
METADATA = {"accuracy": 0.9, "input:epochs": 5.0, "kind": "dnn", "passed": True, "nothing": None}
ITEMS: dict[Kind, Any] = {
    CONTEXT: Context(name=RUN, schema_title="system.ExperimentRun"),
    EXECUTION: Execution(name=f"{STORE}/executions/train", schema_title="system.Run", state=3),
    ARTIFACT: Artifact(
        name=f"{STORE}/artifacts/model", schema_title="system.Model", uri="gs://b/m", state=2, metadata=METADATA
    ),
}
for item in ITEMS.values():
    item.display_name = "Iris model"
    item.create_time = item.update_time = datetime(2026, 5, 18, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def tx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    """A store in which the experiment holds the run, and the run the two others."""
    store = Store(tmp_path_factory.mktemp("filters") / "vertex.sqlite3")
    with store.transaction() as transaction:
        CHILDREN.add(transaction, EXPERIMENT, RUN)
        for kind in (ARTIFACT, EXECUTION):
            HELD[kind.noun].add(transaction, RUN, ITEMS[kind].name)
        yield transaction
    store.close()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CONTEXT, ""),
        # As the SDK writes them.
        (CONTEXT, f'(schema_title="x" OR schema_title="system.ExperimentRun") AND parent_contexts:"{EXPERIMENT}"'),
        (EXECUTION, f'(schema_title="system.Run") AND in_context("{RUN}")'),
        (EXECUTION, f'schema_title="system.Run" AND in_context("{RUN}")'),
        (ARTIFACT, 'uri = "gs://b/m"'),
        (ARTIFACT, f'in_context("{RUN}")'),
        # As the service documents them.
        (CONTEXT, f"parent_contexts: {EXPERIMENT}"),
        (CONTEXT, f'NOT child_contexts:"{EXPERIMENT}"'),
        (ARTIFACT, 'display_name = "Iris *" AND name != "*/other"'),
        (ARTIFACT, "state = LIVE AND create_time <= 2026-05-18T14:00:00+02:00"),
        (EXECUTION, "state=COMPLETE AND update_time > 2026-05-18T11:59:59Z"),
        (ARTIFACT, "metadata.accuracy.number_value >= 0.9"),
        (ARTIFACT, 'metadata."input:epochs".number_value = 5'),
        (ARTIFACT, 'metadata.kind.string_value = "dnn" AND metadata.passed.bool_value = true'),
        (ARTIFACT, 'metadata.kind.string_value != "cnn" AND metadata.passed.bool_value != false'),
        (ARTIFACT, f'((((in_context("{RUN}")))))'),
    ],
)
def test_lets_a_matching_item_through(tx: Transaction, kind: Kind, text: str) -> None:
    assert parse_metadata_filter(tx, text, kind)(ITEMS[kind])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CONTEXT, f'parent_contexts:"{OTHER}"'),
        (CONTEXT, f'parent_contexts:"{EXPERIMENT}","{OTHER}"'),
        (CONTEXT, f'child_contexts:"{EXPERIMENT}"'),
        (ARTIFACT, f'in_context("{EXPERIMENT}")'),
        (ARTIFACT, f'in_context("{RUN}") AND NOT in_context("{RUN}")'),
        (ARTIFACT, 'display_name = "iris model"'),
        (ARTIFACT, "metadata.accuracy.number_value > 0.9"),
        (ARTIFACT, 'metadata.accuracy.string_value = "0.9"'),
        (ARTIFACT, "metadata.nothing.number_value = 0"),
        (ARTIFACT, "metadata.absent.number_value != 1"),
        (ARTIFACT, "create_time < 2026-05-18T12:00:00Z"),
        (EXECUTION, "state = FAILED"),
    ],
)
def test_keeps_another_item_back(tx: Transaction, kind: Kind, text: str) -> None:
    assert not parse_metadata_filter(tx, text, kind)(ITEMS[kind])


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (CONTEXT, f'in_context("{RUN}")', 'cannot name "in_context"'),
        (CONTEXT, "state=LIVE", 'cannot name "state"'),
        (EXECUTION, "uri=x", 'cannot name "uri"'),
        (ARTIFACT, f'parent_contexts:"{RUN}"', 'cannot name "parent_contexts"'),
        (ARTIFACT, "metadata.accuracy = 1", "must name metadata as metadata.KEY.number_value"),
        (ARTIFACT, "metadata.accuracy.number_value = high", 'cannot compare a number_value with "high"'),
        (ARTIFACT, "metadata.passed.bool_value = 1", 'cannot compare a bool_value with "1"'),
        (ARTIFACT, 'metadata.kind.string_value < "e"', "cannot compare a string_value with <"),
        (ARTIFACT, "metadata.kind.string_value : x", "cannot compare a string_value with :"),
        (ARTIFACT, "metadata.accuracy.number_value", "needs a comparison such as ="),
        (ARTIFACT, "create_time = yesterday", "must compare a time with one such as"),
        (ARTIFACT, "((((((uri=x))))))", "is nested too deeply"),
    ],
)
def test_refuses_what_it_cannot_apply(tx: Transaction, kind: Kind, text: str, sentence: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_metadata_filter(tx, text, kind)
    assert sentence in caught.value.message
    assert caught.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", None),
        ("uri=x", None),
        (f'in_context("{RUN}") OR uri=x', None),
        (f'NOT in_context("{RUN}")', None),
        (f'in_context("{RUN}")', {ITEMS[ARTIFACT].name}),
        (f'uri=x AND (in_context("{RUN}"))', {ITEMS[ARTIFACT].name}),
        (f'in_context("{RUN}") AND in_context("{OTHER}")', set()),
    ],
)
def test_tells_the_few_names_that_can_match(tx: Transaction, text: str, names: set[str] | None) -> None:
    assert names_among(parse_metadata_filter(tx, text, ARTIFACT)) == names


@given(st.text(alphabet='()=!<>:",. abANDORNOT*uri_contextmetadatanumber_value1', max_size=50))
def test_any_text_is_read_or_refused(tx: Transaction, text: str) -> None:
    try:
        parse_metadata_filter(tx, text, ARTIFACT)(ITEMS[ARTIFACT])
    except ApiError as error:
        assert error.status == "INVALID_ARGUMENT"  # noqa: PT017 - either way is right


def test_each_name_of_a_context_counts_as_a_comparison(tx: Transaction) -> None:
    names = ",".join(['"projects/p/locations/l/metadataStores/default/contexts/c"'] * 201)
    with pytest.raises(ApiError, match="holds more than 200 comparisons"):
        parse_metadata_filter(tx, f"parent_contexts:{names}", CONTEXT)
