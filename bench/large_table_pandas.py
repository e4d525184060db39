"""The peer of `bench.large_table`: the same answers from a pandas frame that is in memory.

Runs in an environment that has pandas. The first argument is the table; after that each line of standard
input names a view, and each line of standard output has its seconds and the numbers that it found.
"""

import json
import sys
import time

import duckdb
import pandas as pd

PIXELS = 1000


def bars(frame: pd.DataFrame) -> list[float]:
    """The twenty largest sums."""
    return frame.groupby("category", observed=True)["value"].sum().nlargest(20).tolist()


def every_row(frame: pd.DataFrame) -> list[float]:
    """First, last, least and greatest value of each pixel column."""
    seconds = frame["time"].astype("int64")
    first, last = seconds.iloc[0], seconds.iloc[-1]
    columns = ((seconds - first) * PIXELS // (last - first)).clip(upper=PIXELS - 1)
    found = frame["value"].groupby(columns).agg(["first", "last", "min", "max"])
    return [float(found["min"].min()), float(found["max"].max())]


def daily(frame: pd.DataFrame) -> list[float]:
    """The mean of each day."""
    return frame.groupby(frame["time"].dt.floor("D"))["value"].mean().tolist()


def main() -> None:
    frame = duckdb.sql(f"FROM '{sys.argv[1]}'").df()
    views = {
        "bars": (frame, bars),
        "bars, categorical": (frame.assign(category=frame["category"].astype("category")), bars),
        "every row": (frame, every_row),
        "daily": (frame, daily),
    }
    print(json.dumps({"pandas": pd.__version__, "bytes": int(frame.memory_usage(deep=True).sum())}), flush=True)
    for line in sys.stdin:
        held, work = views[line.strip()]
        begin = time.perf_counter()
        numbers = work(held)
        print(json.dumps({"seconds": time.perf_counter() - begin, "numbers": numbers}), flush=True)


if __name__ == "__main__":
    main()
