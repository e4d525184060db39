"""The axes of figures: round numbers, written for people, around all that is drawn."""

from math import log10, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portico.charts.figures import empty, figure, linear_ticks, log_ticks, round_down, round_up, value_axis

AMOUNTS = st.floats(1e-6, 1e12)


def test_figure_has_a_height_that_can_be_kept_free_for_it():
    assert figure([])["layout"]["height"] == 450
    assert figure([], height=300)["layout"]["height"] == 300


def test_message_in_the_place_of_a_chart_has_lines_that_a_phone_has_room_for():
    message = "This took longer than <20> seconds and was stopped. Ask for less: a filter, a shorter span of time."
    (note,) = empty(message)["layout"]["annotations"]
    lines = note["text"].replace("&lt;", "<").split("<br>")
    assert "".join(lines) == message
    assert max(map(len, lines)) <= 41
    assert len(lines) == 3
    assert empty("")["layout"]["annotations"][0]["text"] == ""


def test_ticks_are_round_numbers_written_for_people():
    axis = value_axis("Population", [1_318_683_096, 61_083_916], most=5, bars=True)
    assert axis["tickvals"] == [0, 5e8, 1e9]
    assert axis["ticktext"] == ["0", "500 M", "1 B"]


def test_bars_begin_at_zero():
    assert value_axis("Life expectancy", [39.6, 82.6], most=5, bars=True)["range"][0] == 0


def test_bars_on_a_log_axis_all_have_a_length():
    axis = value_axis("Population", [2e6, 1.3e9], most=5, log=True, bars=True)
    assert axis["type"] == "log"
    assert axis["range"][0] < log10(2e6)
    assert axis["ticktext"] == ["1 M", "10 M", "100 M", "1 B"]


def test_lines_begin_near_the_lowest_or_at_zero_where_that_is_near():
    assert 38 < value_axis("Life expectancy", [39.6, 82.6], most=8)["range"][0] < 39.6
    assert value_axis("Population", [0.7e9, 3.8e9], most=8)["range"][0] == 0


def test_what_is_missing_has_no_place_on_an_axis():
    axis = value_axis("GDP", [None, nan, 5.0, 10.0], most=5)
    assert axis["range"][1] < 11
    assert value_axis("GDP", [0, -3, 5.0, 10.0], most=5, log=True)["range"][1] < 1.1


@pytest.mark.parametrize("values", [[], [None], [0], [7], [7, 7], [-3], [-5, 5]])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("bars", [False, True])
def test_few_values_have_an_axis_too(values, log, bars):
    axis = value_axis("GDP", values, most=5, log=log, bars=bars)
    assert axis["range"][0] < axis["range"][1]


@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.integers(3, 10), st.booleans(), st.booleans())
def test_axis_holds_what_is_drawn_with_no_more_ticks_than_have_room(values, most, log, bars):
    axis = value_axis("Anything", values, most, log=log, bars=bars)
    low, high = (10**end if log else end for end in axis["range"])
    assert low <= min(values) * (1 + 1e-9)
    assert max(values) <= high * (1 + 1e-9)
    assert len([tick for tick in axis["tickvals"] if low <= tick <= high]) <= most + 1
    assert len(axis["tickvals"]) == len(axis["ticktext"])


@given(AMOUNTS)
@example(999999999999.998)  # log10 is 12.0
def test_round_numbers_are_on_either_side(value):
    assert round_down(value) <= value * (1 + 1e-9)
    assert round_up(value) >= value * (1 - 1e-9)
    assert round_up(value) / round_down(value) < 2.6


def test_log_ticks_are_powers_of_ten_where_more_have_no_room():
    assert log_ticks(5, 100, most=9) == [5, 10, 20, 50, 100]
    assert log_ticks(5, 1e6, most=6) == [10, 1e2, 1e3, 1e4, 1e5, 1e6]
    assert log_ticks(5, 1e6, most=3) == [10, 1e3, 1e5]


def test_linear_ticks_lie_between_the_ends():
    assert linear_ticks(38.8, 81, most=8) == [40, 50, 60, 70, 80]
