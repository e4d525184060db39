"""The controls of a form as components."""

import pytest
from dash import dcc
from werkzeug.datastructures import MultiDict

from portico.charts.form import AnyOf, AnyText, Control, Form, Moment, Number, OneOf, Span, Step
from portico.charts.widgets import MOST_SENT, changed, component, fields, identity, name_of, options_of, shape

FEW = OneOf("by", "By", "a", options={"a": "A", "b": "B"}, visible=True)
MANY = OneOf("column", "Column", "0", options={str(number): f"Column {number}" for number in range(20)})
NAMES = AnyText("in.full name", "Full name", [], options={"a": "A"}, group="filter")


def form(*controls, query=()):
    made = Form(MultiDict(query))
    for control in controls:
        made.ask(control)
    return made


def classes(components):
    return [type(each).__name__ for each in components]


def test_each_kind_of_control_has_its_component():
    steps = (1997, 2002, 2007)
    made = [
        component(FEW, "a"),
        component(MANY, "0"),
        component(AnyOf("any", "Any", [], options={"a": "A"}), []),
        component(NAMES, []),
        component(Step("year", "Year", 2007, steps=steps), 2007),
        component(Span("years", "Years", [1997, 2007], steps=steps), [1997, 2007]),
        component(Number("low", "Low", ""), ""),
        component(Moment("since", "Since", ""), ""),
    ]
    assert classes(made) == [
        "RadioItems",
        "Dropdown",
        "Dropdown",
        "Dropdown",
        "Slider",
        "RangeSlider",
        "Input",
        "Input",
    ]


def test_unknown_kind_of_control_is_an_error():
    with pytest.raises(TypeError, match="no component for Control"):
        component(Control("x", "X", ""), "")


def test_name_of_a_control_survives_its_id():
    for name in ("measure", "from.time", 'in.ordered "at" {x}', "in.größe %20"):
        made = identity(AnyText(name, "Name", []))
        assert name_of(made) == name
        assert " " not in made["control"]
    assert identity(NAMES)["more"] == "engine"
    assert identity(FEW) == {"control": "by", "more": "here"}


@pytest.mark.parametrize(
    "made_up", [None, "by", {}, {"control": 1, "more": "here"}, {"control": "by"}, [], {"control": []}]
)
def test_id_that_was_made_up_has_no_name(made_up):
    assert name_of(made_up) is None


def test_list_offers_what_is_chosen():
    assert options_of({"a": "A"}, ["z", "a"]) == [{"value": "a", "label": "A"}, {"value": "z", "label": "z"}]
    assert options_of({}, ["two\nlines"]) == [{"value": "two\nlines", "label": "two lines"}]
    assert component(NAMES, ["z"]).options[-1] == {"value": "z", "label": "z"}


def test_short_list_needs_no_search():
    assert not component(OneOf("by", "By", "a", options=FEW.options), "a").searchable
    assert component(MANY, "0").searchable


@pytest.mark.parametrize("kind", [OneOf, AnyOf])
def test_long_list_is_sent_in_part_with_what_is_chosen_and_searched(kind):
    options = {str(number): f"Column {number}" for number in range(5000)}
    control = kind("column", "Column", "0", options=options)
    made = component(control, "4000" if kind is OneOf else ["4000"])
    assert len(made.options) == MOST_SENT + 1
    assert made.options[-1] == {"value": "4000", "label": "Column 4000"}
    assert made.id["more"] == "engine"
    assert getattr(made, "searchable", True)
    assert identity(kind("column", "Column", "0", options=dict(list(options.items())[:MOST_SENT])))["more"] == "here"


def test_slider_moves_by_the_distance_of_its_marks():
    slider = component(Step("year", "Year", 2007, steps=(1997, 2002, 2007)), 2007)
    assert (slider.min, slider.max, slider.step) == (1997, 2007, 5)
    assert slider.marks == {1997: "1997", 2002: "2002", 2007: "2007"}
    assert isinstance(slider, dcc.Slider)


@pytest.mark.parametrize("count", [13, 30, 80])
def test_slider_of_many_steps_has_few_marks_and_both_ends(count):
    marks = list(component(Step("year", "Year", 0, steps=tuple(range(count))), 0).marks)
    assert 4 <= len(marks) <= 12
    assert (marks[0], marks[-1]) == (0, count - 1)


@pytest.mark.parametrize("steps", [(1997, 2002, 2008), (2007,)])
def test_slider_over_uneven_steps_is_an_error(steps):
    with pytest.raises(ValueError, match="evenly spaced"):
        component(Step("year", "Year", steps[-1], steps=steps), steps[-1])


def test_fields_of_a_group_stand_in_the_order_in_which_they_were_asked():
    made = form(FEW, NAMES, MANY)
    assert [each.id["field"] for each in fields(made, "data")] == ["by", "column"]
    assert [each.id["field"] for each in fields(made, "filter")] == ["in.full%20name"]


def test_bounds_of_one_column_stand_side_by_side():
    made = form(Number("from.a", "A from", ""), Number("to.a", "A to", ""), Number("from.b", "B from", ""))
    pair, lone = fields(made, "data")
    assert [each.id["field"] for each in pair.children] == ["from.a", "to.a"]
    assert lone.id == {"field": "from.b"}


def test_field_is_named_by_its_label():
    (field,) = fields(form(NAMES), "filter")
    label, group = field.children
    assert label.children == "Full name"
    assert label.id == getattr(group, "aria-labelledby")
    assert not set(" .{") & set(label.id)
    (field,) = fields(form(Number("from.a", "A from", "")), "data")
    assert field.children[0].htmlFor == '{"control":"from.a","more":"here"}'


def test_what_was_touched_is_named():
    made = form(FEW, MANY, query=[("by", "b")])
    assert changed(made, "data") == ["By"]
    assert changed(made, "look") == []


def test_shape_is_of_what_is_seen_and_not_of_the_values():
    other = OneOf("by", "By", "b", options=FEW.options, visible=True)
    assert shape([FEW]) == shape([other])
    assert shape([FEW]) != shape([FEW, MANY])
    assert shape([FEW]) != shape([OneOf("by", "By", "a", options=FEW.options)])
    assert shape([FEW]) != shape([OneOf("by", "By", "a", options=dict(reversed(FEW.options.items())), visible=True)])
