"""pyarrow's bare parser over a CSV file, on all cores, into memory; nothing is checked.

python program.py --csv FILE
"""

from __future__ import annotations

import argparse
import json
import time

import pyarrow as pa
from pyarrow import csv


def main() -> None:
    """Parses, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    options = parser.parse_args()
    begun = time.perf_counter()
    table = csv.read_csv(options.csv, csv.ReadOptions(skip_rows=1, autogenerate_column_names=True))
    seconds = time.perf_counter() - begun
    result = {"seconds": seconds, "rows_per_s": table.num_rows / seconds, "versions": {"pyarrow": pa.__version__}}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
