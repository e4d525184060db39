"""The controls that pages are made of."""

import pytest

from portico.controls import step
from portico.view import Step


def test_slider_moves_by_the_distance_of_its_marks():
    slider = step(Step("year", 2007, (1997, 2002, 2007)), "Year", 2007).children[1].children
    assert (slider.min, slider.max, slider.step) == (1997, 2007, 5)
    assert slider.marks == {1997: "1997", 2002: "2002", 2007: "2007"}


@pytest.mark.parametrize("steps", [(1997, 2002, 2008), (2007,)])
def test_slider_over_uneven_steps_is_an_error(steps):
    with pytest.raises(ValueError, match="evenly spaced"):
        step(Step("year", steps[-1], steps), "Year", steps[-1])
