"""Filters: what their bounds mean, and which rows they let through."""

import ibis.expr.datatypes as dt
import pytest

from portico.data.columns import describe
from portico.data.questions.filters import Filter

WHEN = describe("ts", dt.timestamp, None)


@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("2020-01-01", "2020-01-01T23:59:59.999999"),
        ("2020-01-01T00:00:00", "2020-01-01T00:00:00"),
        ("2020-01-01 00:00", "2020-01-01T00:00:00"),
        ("9999-12-31", "9999-12-31T00:00:00"),
    ],
)
def test_day_as_a_last_bound_is_the_whole_day_and_a_time_is_itself(written, last):
    assert Filter(WHEN, high=written).bounds() == (None, last)
