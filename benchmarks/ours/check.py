"""Checks a CSV file against its contract and counts its statistics, as upload_data does before it stores anything."""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version

from benchmarks.tables import EVALUATION, SCHEMA
from trainer.contract import load_contract
from trainer.tables.profile import check_tables


def main() -> None:
    """Checks, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    options = parser.parse_args()
    contract = load_contract(str(SCHEMA))
    begun = time.perf_counter()
    profile, _ = check_tables([options.csv], [str(EVALUATION)], contract)
    seconds = time.perf_counter() - begun
    print(
        json.dumps(
            {
                "seconds": seconds,
                "rows_per_s": profile.rows / seconds,
                "versions": {"pyarrow": version("pyarrow")},
            }
        )
    )


if __name__ == "__main__":
    main()
