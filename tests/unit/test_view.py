"""The controls of a page: what of an address they understand, and what of a callback they accept."""

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portico.view import AnyOf, OneOf, RuledOut, Span, Step, View, explain, shorten, whole_number

MEASURE = OneOf("measure", "pop", {"pop": "Population", "gdp": "GDP"})
YEAR = Step("year", 2007, (1952, 2002, 2007))
YEARS = Span("years", [1952, 2007], (1952, 2002, 2007))
COUNTRY = AnyOf("country", [], {"Norway": "Norway (Europe)", "Chad": "Chad (Africa)"})
VIEW = View((MEASURE, YEAR, YEARS, COUNTRY))


def read(*pairs):
    return VIEW.read(MultiDict(pairs))


def test_empty_address_is_the_default_view():
    reading = read()
    assert reading.values == {"measure": "pop", "year": 2007, "years": [1952, 2007], "country": []}
    assert reading.problems == []


def test_address_sets_each_control():
    pairs = [("measure", "gdp"), ("year", "1952"), ("years", "1952-2002"), ("country", "Chad"), ("country", "Norway")]
    reading = read(*pairs)
    assert reading.values == {"measure": "gdp", "year": 1952, "years": [1952, 2002], "country": ["Chad", "Norway"]}
    assert reading.problems == []


def test_last_of_a_repeated_parameter_counts_and_the_others_are_named():
    reading = read(("year", "1952"), ("year", "2002"))
    assert reading.values["year"] == 2002
    assert reading.problems == ["year = 1952"]


def test_last_understood_of_a_repeated_parameter_counts():
    reading = read(("year", "1952"), ("year", "2002"), ("year", "1"))
    assert reading.values["year"] == 2002
    assert reading.problems == ["year = 1952", "year = 1"]


def test_repeated_option_counts_once():
    assert read(("country", "Chad"), ("country", "Chad")).values["country"] == ["Chad"]


def test_unknown_option_is_left_out_and_named():
    reading = read(("country", "Atlantis"), ("country", "Chad"))
    assert reading.values["country"] == ["Chad"]
    assert reading.problems == ["country = Atlantis"]


def test_unknown_parameter_is_named_even_without_a_name():
    assert read(("colour", "red"), ("", "x")).problems == ["colour", "a parameter without a name"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 2007",
        "2007 ",
        "+2007",
        "-1",
        "1e9",
        "9999",
        "2007.0",
        "٢٠٠٧",
        "²",
        "2_007",
        "0x7d7",
        "x",
        "\0",
        "9" * 5000,
    ],
)
def test_text_that_is_no_step_is_not_understood(text):
    assert YEAR.read([text]) == (2007, [text])
    assert YEARS.read([text])[0] == [1952, 2007]


@pytest.mark.parametrize("text", ["2007-1952", "1952", "1952-", "-2007", "1952-2002-2007", "1952-1960", "1952–2007"])
def test_text_that_is_no_span_is_not_understood(text):
    assert YEARS.read([text]) == ([1952, 2007], [text])


def test_span_may_be_one_step():
    assert YEARS.read(["2002-2002"]) == ([2002, 2002], [])


@pytest.mark.parametrize("control", VIEW.controls, ids=lambda control: control.name)
def test_cleared_control_has_its_default(control):
    assert control.check(None) == control.default


@pytest.mark.parametrize(
    ("control", "value"),
    [(MEASURE, "gdp"), (YEAR, 1952), (YEARS, [1952, 2002]), (COUNTRY, ["Chad"]), (COUNTRY, [])],
)
def test_value_that_a_control_can_have_is_accepted(control, value):
    assert control.check(value) == value


@pytest.mark.parametrize("control", VIEW.controls, ids=lambda control: control.name)
@pytest.mark.parametrize(
    "value",
    [
        "x",
        "",
        0,
        -1,
        True,
        10**400,
        2007.0,
        float("nan"),
        {},
        {"pop": 1},
        [None],
        [[]],
        [{}],
        [1952],
        [2007, 1952],
        [1952, 2007, 2007],
        [1952.0, 2007],
        [True, 2007],
        ["Atlantis"],
        ["Norway", None],
        "\ud800",
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_value_that_no_control_can_have_is_refused(control, value):
    with pytest.raises(BadRequest, match=f"{control.name}: .* is not a value of this control") as caught:
        control.check(value)
    assert len(caught.value.description) < 150


def test_deep_value_is_refused_like_any_other():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(BadRequest):
        MEASURE.check(value)


def test_view_names_the_values_of_a_callback():
    assert VIEW.check(["gdp", 1952, None, ["Chad"]]) == {
        "measure": "gdp",
        "year": 1952,
        "years": [1952, 2007],
        "country": ["Chad"],
    }


def test_inputs_are_the_values_of_the_controls_in_order():
    assert [str(each) for each in VIEW.inputs()] == ["measure.value", "year.value", "years.value", "country.value"]


def test_browser_gets_kinds_defaults_and_values():
    told = VIEW.for_browser(MultiDict([("year", "1952")]))
    assert told["controls"] == [
        {"name": "measure", "kind": "one", "fallback": "pop"},
        {"name": "year", "kind": "one", "fallback": 2007},
        {"name": "years", "kind": "span", "fallback": [1952, 2007]},
        {"name": "country", "kind": "many", "fallback": []},
    ]
    assert told["values"]["year"] == 1952


SCALE = OneOf("scale", "linear", {"linear": "Linear", "log": "Logarithmic"})
RULED = View((MEASURE, SCALE), (RuledOut("scale", "log", by="measure", values=("gdp",)),))


def test_option_that_another_control_rules_out_is_left_out_of_an_address_and_named():
    reading = RULED.read(MultiDict([("measure", "gdp"), ("scale", "log")]))
    assert reading.values == {"measure": "gdp", "scale": "linear"}
    assert reading.problems == ["scale = log"]
    assert RULED.read(MultiDict([("measure", "pop"), ("scale", "log")])).values["scale"] == "log"


def test_option_that_is_ruled_out_is_the_default_in_a_callback():
    assert RULED.check(["gdp", "log"]) == {"measure": "gdp", "scale": "linear"}
    assert RULED.check(["pop", "log"]) == {"measure": "pop", "scale": "log"}


def test_options_that_are_ruled_out_are_known_to_the_control_and_the_browser():
    assert RULED.ruled_out("scale", {"measure": "gdp", "scale": "linear"}) == ["log"]
    assert RULED.ruled_out("scale", {"measure": "pop", "scale": "linear"}) == []
    assert RULED.for_browser(MultiDict())["rules"] == [
        {"name": "scale", "option": "log", "by": "measure", "values": ("gdp",)}
    ]


def test_nothing_to_explain_is_no_text():
    assert explain([]) == ""


def test_explanation_is_of_bounded_length():
    assert explain(["a", "b"]) == "Not understood in the address, and left out: a, b."
    assert explain(list("abcdef")) == "Not understood in the address, and left out: a, b, c, d and 2 more."


def test_long_text_is_cut_and_what_cannot_be_seen_is_marked():
    assert shorten("x" * 41) == "x" * 40 + "…"
    assert shorten("a\0b\n\u202ec\ud800") == "a�b��c�"


@pytest.mark.parametrize(("text", "number"), [("007", 7), ("123456789", 123456789), ("1234567890", None), ("٣", None)])
def test_whole_number_is_plain_and_bounded(text, number):
    assert whole_number(text) == number
