"""The overviews of a folder's large files: each made when it is first asked for, the last few kept in the engine."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager

import ibis

from portico.data.columns import Column
from portico.data.errors import NeededTooMuch
from portico.data.queries.grains import FIRST_S, LAST_S
from portico.data.queries.overview import Overview, overview_steps, step_for
from portico.data.queries.parts import ends_of_time
from portico.data.query import Query, write
from portico.data.tables import Row, Table

LOG = logging.getLogger("portico.data")
KEPT = 3  # in the engine's memory, some 6 MB each at most
DIALECT = "duckdb"

Key = tuple[str, str, str]  # view, x, measure
Holding = Callable[[threading.Lock], AbstractContextManager[None]]


class Overviews:
    """The overviews of a catalog.

    Args:
        rows: works a statement out in the engine.
        drop_table: lets go of a table in the engine, if it is there.
        holding: waits for a lock no longer than its reader does.
    """

    def __init__(self, rows: Callable[[Query], list[Row]], drop_table: Callable[[str], None], holding: Holding) -> None:
        self._rows = rows
        self._drop_table = drop_table
        self._holding = holding
        self._lock = threading.Lock()
        self._making: dict[Key, threading.Lock] = {}
        self._made: OrderedDict[Key, Overview | None] = OrderedDict()  # longest unused first
        self._number = 0

    def of(self, view: str, table: Table, x: Column, measure: Column) -> Overview | None:
        """The overview of a measure over time; None where the table cannot have one."""
        key = (view, x.name, measure.name)
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with self._holding(making):  # once, however many ask
            with self._lock:
                if key in self._made:
                    self._made.move_to_end(key)
                    return self._made[key]
            made = self._made_or_forgotten(key, table, x, measure)
            with self._lock:
                self._made[key] = made
                dropped = [each for each in self._made if self._made[each] is not None][:-KEPT]
        self._drop(dropped)
        return made

    def drop(self, view: str) -> None:
        """Let go of the overviews of a version of a file."""
        with self._lock:
            gone = [key for key in self._made if key[0] == view]
        self._drop(gone)

    def _drop(self, keys: list[Key]) -> None:
        with self._lock:
            gone = [self._made.pop(key) for key in keys if key in self._made]
            for key in keys:
                self._making.pop(key, None)
        for overview in gone:
            if overview is not None:
                self._drop_table(overview.relation.get_name())

    def _made_or_forgotten(self, key: Key, table: Table, x: Column, measure: Column) -> Overview | None:
        try:
            return self._make(key[0], table, x, measure)
        except BaseException:
            with self._lock:
                self._making.pop(key, None)
            raise

    def _make(self, view: str, table: Table, x: Column, measure: Column) -> Overview | None:
        relation = table.relation
        ((low, high, rows),) = self._rows(Query(write(ends_of_time(relation, x), DIALECT).sql))
        if low is None or high is None or low < FIRST_S or high > LAST_S:
            return None
        step = step_for(low, high)
        if step is None:
            return None
        with self._lock:
            self._number += 1
            name = f"{view}_{self._number}"
        steps = overview_steps(relation, x, measure, step, DIALECT)
        try:
            self._rows(Query(f"CREATE TABLE {name} AS {write(steps, DIALECT).sql}"))
        except BaseException as error:
            self._drop_table(name)  # it may be there: the file is looked at again once it is made
            if not isinstance(error, NeededTooMuch):
                raise
            LOG.warning("%s: an overview of %s takes more memory than there is for a query", table.name, measure.name)
            return None
        return Overview(ibis.table(steps.schema(), name=name), step, low, high, rows)
