"""An exported model, loaded to be asked: the artifact as it would be served."""

from __future__ import annotations

import contextlib
import itertools
import json
import keyword
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer import storage
from trainer.contract import Contract
from trainer.errors import ProjectError
from trainer.model.files import COMPLETED_BY, CONTRACT_FILE, RECORD_FILE
from trainer.model.fitted_columns import raw_dtype


def serving_names(contract: Contract) -> dict[str, str]:
    """The input name of each feature in the model's signatures.

    A TensorFlow signature takes only ASCII letters, digits and `_`, and no word of Python's; any other character of a
    column's name becomes `_`, and a number follows where two columns would share a name.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in contract.features:
        base = re.sub(r"\W", "_", column.name, flags=re.ASCII)
        base = base if base[0].isalpha() else f"c{base}"
        base = f"{base}_" if base == "self" or keyword.iskeyword(base) else base
        numbered = (f"{base}_{number}" for number in itertools.count(2))
        name = next(name for name in itertools.chain([base], numbered) if name.lower() not in taken)
        taken.add(name.lower())
        names[column.name] = name
    return names


class SavedModel:
    """A loaded SavedModel with the contract that travels in it.

    Args:
        url: What `trainer.export.export_model` wrote: a local folder or an fsspec URL.

    Attributes:
        contract: The data contract that the model was trained under.
        record: What the model was made of: steps, settings, data.

    Raises:
        ProjectError: There is no whole model at `url`, or it carries no contract.
    """

    def __init__(self, url: str) -> None:
        with _local_copy(url) as folder:
            if not (folder / COMPLETED_BY).is_file():
                raise ProjectError(f"There is no SavedModel at {url}: it has no {COMPLETED_BY}. Train one first.")
            try:
                self.contract = Contract.model_validate_json((folder / CONTRACT_FILE).read_bytes())
                self.record: dict[str, Any] = json.loads((folder / RECORD_FILE).read_bytes())
            except (OSError, ValueError) as error:
                raise ProjectError(
                    f"The SavedModel at {url} carries no readable contract: {error}. Export it with this project."
                ) from error
            self._loaded = load_graph(folder)
        self._signature = self._loaded.signatures["predict"]
        self._functions: dict[tuple[str, ...], Callable[..., Any]] = {}

    def predict(
        self, features: Mapping[str, np.ndarray], outputs: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]:
        """Answers for rows.

        Args:
            features: An array [N] for each column: float32 (NaN where missing), or str ("" where missing).
            outputs: Which of the outputs of the signature `predict` are wanted, and computed; None is all of them. See
                `trainer.export.export_model`.

        Returns:
            The outputs by name, each [N, ...].
        """
        import tensorflow as tf

        wanted = tuple(self._signature.structured_outputs if outputs is None else outputs)
        if wanted not in self._functions:
            self._functions[wanted] = self._function(wanted)
        columns = [tf.constant(features[column.name], raw_dtype(column)) for column in self.contract.features]
        answers = self._functions[wanted](*columns)
        return {name: answer.numpy() for name, answer in zip(wanted, answers, strict=True)}

    def _function(self, outputs: tuple[str, ...]) -> Callable[..., Any]:
        """The signature as a function of the columns, in the contract's order, that computes some outputs alone.

        It is called in two thirds of the time of the signature.
        """
        import tensorflow as tf

        names = serving_names(self.contract)

        def answers(*columns: Any) -> list[Any]:
            by_name = zip((names[column.name] for column in self.contract.features), columns, strict=True)
            found = self._signature(**dict(by_name))
            return [found[name] for name in outputs]

        specs = [tf.TensorSpec([None], raw_dtype(column)) for column in self.contract.features]
        function: Callable[..., Any] = tf.function(answers, specs, autograph=False).get_concrete_function()
        return function


def load_graph(folder: Path) -> Any:
    """The SavedModel in a local folder of any name; TensorFlow would take `[a]` or `*` in it for a pattern."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as temporary:
        link = Path(temporary) / "model"
        link.symlink_to(folder.absolute())
        return tf.saved_model.load(str(link))


@contextlib.contextmanager
def _local_copy(url: str) -> Iterator[Path]:
    """The folder at `url`; a remote one is copied, since TensorFlow is given only local paths."""
    if storage.is_local(url):
        yield storage.local_path(url)
        return
    with tempfile.TemporaryDirectory() as temporary:
        filesystem, path = storage.locate(url)
        if filesystem.exists(path):
            filesystem.get(storage.join(path, ""), temporary, recursive=True)
        yield Path(temporary)
