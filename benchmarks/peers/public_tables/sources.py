"""Public tables that come inside packages, each with a column of classes."""

# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

from __future__ import annotations

from collections.abc import Callable, Mapping

import lifelines.datasets
import numpy as np
import palmerpenguins
import pandas as pd
import statsmodels.api as sm
from sklearn import datasets
from vega_datasets import local_data

LABEL = "label"


def _bunch(load: Callable[..., datasets.base.Bunch]) -> pd.DataFrame:
    found = load(as_frame=True)
    return found.data.assign(**{LABEL: [str(found.target_names[place]) for place in found.target]})


def _of_statsmodels(name: str, label: str) -> pd.DataFrame:
    return getattr(sm.datasets, name).load_pandas().data.rename(columns={label: LABEL})


def _more_than_none(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{LABEL: np.where(table[LABEL] > 0, "some", "none")})


def _penguins(label: str) -> pd.DataFrame:
    return palmerpenguins.load_penguins().dropna(subset=[label]).rename(columns={label: LABEL})


def _survival(table: pd.DataFrame, label: str) -> pd.DataFrame:
    return table.rename(columns={label: LABEL})


SOURCES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "penguins: species": lambda: _penguins("species"),
    "scikit-learn: wine": lambda: _bunch(datasets.load_wine),
    "scikit-learn: iris": lambda: _bunch(datasets.load_iris),
    "scikit-learn: breast cancer": lambda: _bunch(datasets.load_breast_cancer),
    "scikit-learn: digits": lambda: _bunch(datasets.load_digits),
    "penguins: sex": lambda: _penguins("sex"),
    "vega: cars by origin": lambda: local_data.cars().rename(columns={"Origin": LABEL}),
    "vega: Seattle's weather": lambda: local_data.seattle_weather().rename(columns={"weather": LABEL}),
    "statsmodels: affairs": lambda: _more_than_none(_of_statsmodels("fair", "affairs")),
    "statsmodels: vote of 1996": lambda: _of_statsmodels("anes96", "vote"),
    "statsmodels: choice of travel": lambda: _of_statsmodels("modechoice", "choice"),
    "statsmodels: visits to a doctor": lambda: _more_than_none(_of_statsmodels("randhie", "mdvis")),
    "lifelines: breast cancer study": lambda: _survival(lifelines.datasets.load_gbsg2(), "cens"),
    "lifelines: arrests": lambda: _survival(lifelines.datasets.load_rossi(), "arrest"),
    "lifelines: lung cancer": lambda: _survival(lifelines.datasets.load_lung(), "status"),
    "lifelines: kidney transplants": lambda: _survival(lifelines.datasets.load_kidney_transplant(), "death"),
    "lifelines: democracies": lambda: _survival(lifelines.datasets.load_dd(), "democracy"),
}


def load(name: str) -> pd.DataFrame:
    """A table, each different row once; the label last, as text."""
    table = SOURCES[name]().drop_duplicates().reset_index(drop=True)
    labels = table.pop(LABEL)
    whole = labels.astype(int) if labels.dtype.kind == "f" else labels
    return table.assign(**{LABEL: whole.astype(str)})
