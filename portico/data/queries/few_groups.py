"""Bars computed in Python from all groups of a query, if these are few.

To let the engine find the largest bars, then the largest parts, then the numbers of both takes three statements,
each of which costs more than a thousand rows do.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf, isnan
from typing import Any, TypeVar

from portico.data.queries.filters import NONE
from portico.data.tables import Row

MOST_GROUPS = 2000
Key = object  # of a bar, as the engine has it; None is one too
Number = float | None
Group = TypeVar("Group")


class FewGroups:
    """All groups of a question: rows of a bar's key, a part, the number of both, and how many rows it is made of."""

    def __init__(self, groups: Sequence[Row]) -> None:
        self._groups = [row if row[1] is not None else (row[0], NONE, *row[2:]) for row in groups]
        self.rows = sum(row[3] for row in groups)

    def largest(self, most: int, in_order: bool) -> tuple[dict[Key, Number], int]:
        """The keys that are drawn with their numbers, those with the largest first or in their order, and how many."""
        numbers = _added((key, value) for key, _, value, _ in self._groups)
        order = _in_order(numbers) if in_order else _largest_first(_in_order(numbers), numbers)
        return {key: numbers[key] for key in order[:most]}, len(numbers)

    def parts(self, most: int) -> tuple[list[str], int]:
        """The largest parts, and how many there are."""
        numbers = _added((part, value) for _, part, value, _ in self._groups)
        return _largest_first(sorted(numbers), numbers)[:most], len(numbers)

    def divided(self, keys: Iterable[Key], parts: Sequence[str], rest: str, with_others: bool) -> list[Row]:
        """The numbers of each key and part, those of all other keys together and those of all other parts."""
        shown, named = set(keys), set(parts)
        found: list[tuple[tuple[Key, bool, str], Number]] = [
            ((key if key in shown else None, key not in shown, part if part in named else rest), value)
            for key, part, value, _ in self._groups
            if with_others or key in shown
        ]
        numbers = _added(found)
        order = sorted(numbers, key=lambda each: (*_by_key(each[0]), each[2]))
        return [(*each, numbers[each]) for each in order]


def _added(pairs: Iterable[tuple[Group, Number]]) -> dict[Group, Number]:
    """The sums of what is there, None where nothing is."""
    numbers: dict[Group, Number] = {}
    for group, value in pairs:
        known = numbers.get(group)
        if known is None:
            numbers[group] = value
        elif value is not None:
            numbers[group] = known + value
    return numbers


def _in_order(keys: Collection[Key]) -> list[Any]:
    """Keys in their order, what is missing last."""
    known: list[Any] = [key for key in keys if key is not None]
    return [*sorted(known), *([None] if None in keys else [])]


def _largest_first(groups: list[Group], numbers: Mapping[Group, Number]) -> list[Group]:
    """Order groups by their numbers as the engines do: NaN and the largest first, what is missing last; equal ones stay as they are."""
    known = {group: value for group, value in numbers.items() if value is not None}
    if len(known) == len(numbers) and not isnan(sum(known.values())):
        return sorted(groups, key=known.__getitem__, reverse=True)

    def place(group: Group) -> tuple[bool, float]:
        value = numbers[group]
        return value is None, 0 if value is None else -inf if isnan(value) else -value

    return sorted(groups, key=place)


def _by_key(key: Key) -> tuple[bool, Any]:
    return key is None, "" if key is None else key
