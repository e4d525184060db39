"""Numbers as a person reads them."""

import pytest

from portico.charts.numbers import readable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1318683096, "1.3 B"),
        (586_400_000, "586 M"),
        (9809, "9,809"),
        (82.603, "82.6"),
        (0.042, "0.042"),
        (0, "0"),
        (-0.0, "0"),
        (7, "7"),
        (7.0, "7"),
        (99.96, "100"),
        (100.4, "100"),
        (10_000, "10 k"),
        (12_345, "12.3 k"),
        (2e12, "2 T"),
        (314e12, "314 T"),
        (3e15, "3e15"),
        (1.7e38, "1.7e38"),
        (-1.234e300, "-1.23e300"),
        (10**30, "1e30"),
        (-1_500_000, "-1.5 M"),
    ],
)
def test_number_is_written_as_a_person_reads_it(value, text):
    assert readable(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999_499, "999 k"),
        (999_500, "1 M"),
        (999_960, "1 M"),
        (999_999_999, "1 B"),
        (9_999.7, "10,000"),
        (999.4e12, "999 T"),
        (-999.6e12, "-1e15"),
    ],
)
def test_number_that_rounds_to_the_next_magnitude_is_written_in_it(value, text):
    assert readable(value) == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_data(value):
    assert readable(value) == "no data"
