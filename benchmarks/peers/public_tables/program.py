"""Public tables as CSV files, split by seeds, and how well scikit-learn's classifiers do on the splits.

python program.py --folder FOLDER --tables 17 --seeds 5
"""

# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sources import LABEL, SOURCES, load

TEST_SHARE = 0.3
MOST_WORDS = 50


def columns_of(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The numbers, and the words that can be learned: a word in every row, or nearly, tells nothing."""
    features = table.drop(columns=LABEL)
    numbers = [name for name in features if pd.api.types.is_numeric_dtype(features[name])]
    few = {name: features[name].nunique() <= max(MOST_WORDS, len(table) / 2) for name in features}
    return numbers, [name for name in features if name not in numbers and few[name]]


def logistic_regression(numbers: list[str], words: list[str], _: int) -> Pipeline:
    """Scaled numbers, one-hot words."""
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    one_hot = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer([("numbers", scaled, numbers), ("words", one_hot, words)])
    return make_pipeline(columns, LogisticRegression(max_iter=10_000))


def gradient_boosting(numbers: list[str], words: list[str], seed: int) -> Pipeline:
    """Trees, stopped early."""
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    columns = ColumnTransformer([("numbers", "passthrough", numbers), ("words", coded, words)])
    are_words = [False] * len(numbers) + [True] * len(words)
    trees = HistGradientBoostingClassifier(early_stopping=True, random_state=seed, categorical_features=are_words)
    return make_pipeline(columns, trees)


PEERS = {"logistic regression": logistic_regression, "gradient boosting": gradient_boosting}


def scores(model: ClassifierMixin, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    """Accuracy and log loss on the test rows."""
    model.fit(train.drop(columns=LABEL), train[LABEL])
    features = test.drop(columns=LABEL)
    probabilities = model.predict_proba(features)
    loss = log_loss(test[LABEL], probabilities, labels=model.classes_)
    return {"accuracy": float(model.score(features, test[LABEL])), "loss": float(loss)}


def compete(table: pd.DataFrame, folder: Path, seeds: int) -> dict[str, list[dict[str, float]]]:
    """Writes a table and its splits, and scores the peers on each split."""
    folder.mkdir()
    table.to_csv(folder / "all.csv", index=False)
    numbers, words = columns_of(table)
    plain = table.assign(**{name: table[name].astype(object).where(table[name].notna(), None) for name in words})
    plain = plain.astype(dict.fromkeys(numbers, float))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PEERS}
    for seed in range(1, seeds + 1):
        train, test = train_test_split(table.index, test_size=TEST_SHARE, random_state=seed, stratify=table[LABEL])
        table.loc[train].to_csv(folder / f"train-{seed}.csv", index=False)
        table.loc[test].to_csv(folder / f"test-{seed}.csv", index=False)
        for name, build in PEERS.items():
            found[name].append(scores(build(numbers, words, seed), plain.loc[train], plain.loc[test]))
    return found


def main() -> None:
    """Writes, scores, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tables", type=int, required=True, help="how many of the tables")
    parser.add_argument("--seeds", type=int, required=True)
    options = parser.parse_args()
    tables = []
    for place, name in enumerate([*SOURCES][: options.tables]):
        table = load(name)
        folder = options.folder / f"{place:02d}"
        found = compete(table, folder, options.seeds)
        shape = {"rows": len(table), "columns": table.shape[1] - 1, "classes": table[LABEL].nunique()}
        tables.append({"name": name, "folder": str(folder), **shape, "scores": found})
    print(json.dumps({"tables": tables, "versions": {"scikit-learn": version("scikit-learn")}}))


if __name__ == "__main__":
    main()
