"""A form to try a prediction."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from emulator.console.decision import number_text
from emulator.console.frame import Frame, button
from emulator.console.instances import InstancesError, parse_instances
from emulator.console.markup import banner, cell, head_cell, head_of_column, row, scrolling, tag
from emulator.console.reader import Reader, ReadError
from emulator.console.values import value_text

# Predictions with more fields than this are shown as JSON.
MOST_COLUMNS = 8
# Of an answer, so many predictions and so much of its JSON are shown.
MOST_ROWS = 200
LONGEST_JSON = 256 * 1024


class PredictionForm:
    """A form that asks an endpoint.

    Args:
        reader: The API.
        endpoint: The endpoint's resource name.
        examples: What it holds at first.
        frame: The page around it.
    """

    def __init__(self, reader: Reader, endpoint: str, examples: Sequence[Any], frame: Frame) -> None:
        self._reader = reader
        self._endpoint = endpoint
        self._frame = frame
        with tag("section", classes="card", attributes={"aria-label": "Try a prediction"}):
            tag("h2", "Try a prediction")
            filled = "Examples that the version brings along. Change them, or write your own. "
            tag("p", f"{filled if examples else ''}Instances are a JSON array.", "soft")
            text = json.dumps(list(examples), indent=2, ensure_ascii=False) if examples else ""
            self._text = ui.textarea("Instances, as JSON", value=text).props("outlined autogrow spellcheck=false")
            with tag("div", classes="toolbar"):
                self._button = button("Predict", self._predict, "primary")
            self._answer = tag("div", classes="stack", attributes={"aria-live": "polite"})

    async def _predict(self) -> None:
        self._answer.clear()
        try:
            instances = await asyncio.to_thread(parse_instances, self._text.value or "")
            began = time.perf_counter()
            answer = await self._reader.post(f"{self._endpoint}:predict", {"instances": instances})
            seconds = time.perf_counter() - began
            predictions = answer.get("predictions", [])
            text = await asyncio.to_thread(_json_text, predictions)
        except (InstancesError, ReadError) as error:
            with self._answer:
                banner(str(error), "bad")
            return
        with self._answer:
            version = answer.get("modelVersionId", "")
            model = answer.get("modelDisplayName", "")
            tag("p", f"Answered by version {version} of {model} in {1000 * seconds:.0f} ms.", "soft")
            _show_predictions(predictions, text)


def _json_text(predictions: Sequence[Any]) -> str:
    text = json.dumps(predictions, indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST_JSON else f"{text[:LONGEST_JSON]}\n... ({len(text):,} characters in all)"


def _show_predictions(predictions: Sequence[Any], text: str) -> None:
    columns = list(dict.fromkeys(key for one in predictions if isinstance(one, Mapping) for key in one))
    flat = all(isinstance(one, Mapping) for one in predictions)
    if predictions and flat and len(columns) <= MOST_COLUMNS:
        with scrolling("Predictions"), tag("table", classes="grid pairs", attributes={"aria-label": "Predictions"}):
            with tag("thead"), tag("tr"):
                for column in ["", *columns]:
                    head_of_column(column)
            with tag("tbody"):
                for number, one in enumerate(predictions[:MOST_ROWS], 1):
                    with row():
                        head_cell(str(number))
                        for column in columns:
                            cell(column, _value(one.get(column)), "value mono")
        if len(predictions) > MOST_ROWS:
            tag("p", f"The first {MOST_ROWS} of {len(predictions):,} predictions.", "soft small")
    with tag("details", classes="more", attributes={} if flat and columns else {"open": True}):
        tag("summary", "As JSON")
        tag("pre", text, "text-block", {"tabindex": "0"})


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "  ".join(_value(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
    return number_text(value) if isinstance(value, float) else "" if value is None else value_text(value)
