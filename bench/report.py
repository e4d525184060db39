"""How figures are written: Markdown with medians, lowest and highest, and a line for each goal."""

import io
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout


class _Copied(io.StringIO):
    """Text that is printed, and kept."""

    def __init__(self) -> None:
        super().__init__()
        self._printed = sys.stdout

    def write(self, text: str) -> int:
        self._printed.write(text)
        return super().write(text)

    def flush(self) -> None:
        self._printed.flush()


@contextmanager
def copied() -> Iterator[io.StringIO]:
    """Keep what is printed in the block."""
    text = _Copied()
    with redirect_stdout(text):
        yield text


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median of some figures, with the lowest and highest beside it."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The ratio of two medians; nan where there is nothing to compare with."""
    below = statistics.median(theirs) if theirs else 0
    return statistics.median(ours) / below if ours and below else float("nan")


def print_title(title: str) -> None:
    print(f"\n## {title}\n", flush=True)


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print(f"\n| {' | '.join(header)} |\n|{'---|' * len(header)}")  # after a list, a table needs an empty line
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)


def print_goal(what: str, value: float, most: float | None = None, least: float | None = None, unit: str = "") -> None:
    """Say a figure, its goal and whether it is met; one that could not be taken is not."""
    met = value <= most if most is not None else value >= (least or 0)
    goal = f"≤ {most:,g}" if most is not None else f"≥ {least:,g}"
    print(f"- {what}: {value:,.4g}{unit} (goal {goal}{unit}): {'met' if met else 'MISSED'}", flush=True)
