"""A form: what of an address its controls understand, and the address that they write."""

import time

import pytest
from werkzeug.datastructures import MultiDict

from portico.charts.form import (
    LISTED_LENGTH,
    AnyOf,
    AnyText,
    Form,
    Moment,
    Number,
    OneOf,
    Span,
    Step,
    explain,
    one_line,
    shorten,
)
from portico.data.parsing import moment, number, whole_number

MEASURE = OneOf("measure", "Measure", "pop", options={"pop": "Population", "gdp": "GDP"})
YEAR = Step("year", "Year", 2007, steps=(1952, 2002, 2007))
YEARS = Span("years", "Years", [1952, 2007], steps=(1952, 2002, 2007))
COUNTRY = AnyOf("country", "Countries", [], options={"Norway": "Norway (Europe)", "Chad": "Chad (Africa)"})
NAME = AnyText("name", "Names", [])
FROM = Number("from.weight", "Weight from", "")
SINCE = Moment("from.day", "Day from", "")
CONTROLS = (MEASURE, YEAR, YEARS, COUNTRY, NAME, FROM, SINCE)


def form(*pairs, controls=CONTROLS):
    made = Form(MultiDict(pairs))
    for control in controls:
        made.ask(control)
    return made


def test_empty_address_is_the_default_view():
    opened = form()
    assert opened.values == {
        "measure": "pop",
        "year": 2007,
        "years": [1952, 2007],
        "country": [],
        "name": [],
        "from.weight": "",
        "from.day": "",
    }
    assert opened.not_understood() == []
    assert opened.address() == ""


def test_address_sets_each_control_and_is_written_back():
    pairs = [
        ("measure", "gdp"),
        ("year", "1952"),
        ("years", "1952"),
        ("years", "2002"),
        ("country", "Chad"),
        ("country", "Norway"),
        ("name", "Å & Co"),
        ("from.weight", "1e3"),
        ("from.day", "2024-01-31"),
    ]
    opened = form(*pairs)
    assert opened.values["years"] == [1952, 2002]
    assert opened.values["country"] == ["Chad", "Norway"]
    assert opened.address() == (
        "measure=gdp&year=1952&years=1952&years=2002&country=Chad&country=Norway"
        "&name=%C3%85+%26+Co&from.weight=1e3&from.day=2024-01-31"
    )
    assert opened.not_understood() == []


def test_whole_address_says_how_every_control_stands():
    assert form(("year", "1952"), controls=(MEASURE, YEAR, COUNTRY, FROM)).whole_address() == (
        "measure=pop&year=1952&country=&from.weight="
    )


def test_empty_list_is_told_from_one_that_nothing_is_said_of():
    some = AnyOf("country", "Countries", ["Chad"], options=COUNTRY.options)
    assert form(controls=(some,)).values == {"country": ["Chad"]}
    none = form(("country", ""), controls=(some,))
    assert none.values == {"country": []}
    assert none.address() == "country="


def test_last_that_is_understood_of_a_repeated_parameter_counts():
    opened = form(("year", "1952"), ("year", "2002"), ("year", "1"))
    assert opened.values["year"] == 2002
    assert opened.not_understood() == ["year = 1952", "year = 1"]


def test_repeated_option_counts_once():
    assert form(("country", "Chad"), ("country", "Chad")).values["country"] == ["Chad"]


def test_names_that_follow_are_found_however_many_there_are():
    arguments = MultiDict(("x", "") for _ in range(20_000))  # as many as a query can hold
    arguments["y7"] = ""
    begin = time.process_time()
    made = Form(arguments, usual=[f"y{number}" for number in range(4000)])
    assert time.process_time() - begin < 0.1
    assert len(made.arguments.getlist("x")) == 20_000
    assert "y7" not in made.arguments


def test_what_no_control_takes_is_named():
    opened = form(("country", "Atlantis"), ("colour", "red"), ("", "x"))
    assert opened.not_understood() == ["country = Atlantis", "colour", "a parameter without a name"]


@pytest.mark.parametrize("text", ["", " 2007", "+2007", "1e9", "9999", "2007.0", "٢٠٠٧", "2_007", "\0", "9" * 5000])
def test_text_that_is_no_step_is_not_understood(text):
    assert YEAR.read([text]) == (2007, [text])
    assert YEARS.read([text, "2007"]) == ([1952, 2007], [text, "2007"])


@pytest.mark.parametrize("texts", [["2007", "1952"], ["1952"], ["1952", "2002", "2007"], ["1952", "1960"]])
def test_texts_that_are_no_span_are_not_understood(texts):
    assert YEARS.read(texts) == ([1952, 2007], texts)


def test_span_may_be_one_step():
    assert YEARS.read(["2002", "2002"]) == ([2002, 2002], [])


@pytest.mark.parametrize("text", ["a\0b", "x" * 201, "\ud800"])
def test_text_that_no_engine_has_is_not_searched_for(text):
    assert NAME.read([text]) == ([], [text])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\r\nlines", "two  lines"),
        ("a\tb", "a b"),
        ("no\u00a0break", "no break"),
        ("\u202eback", "\N{REPLACEMENT CHARACTER}back"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ],
)
def test_value_of_the_data_can_be_chosen_and_is_shown_on_one_line(text, shown):
    assert NAME.read([text]) == ([text], [])
    assert one_line(text) == shown


def test_values_that_the_address_has_no_room_for_are_left_out_and_named():
    names = [f"{'Ж' * 195}{number:05}" for number in range(40)]
    opened = form(*(("name", name) for name in names))
    kept = opened.values["name"]
    assert 0 < len(kept) < 40
    assert kept == names[: len(kept)]
    assert len(opened.address()) <= LISTED_LENGTH
    assert opened.reads_otherwise(NAME)
    assert opened.too_much() == f"More than an address can hold: {'Ж' * 40}… and {39 - len(kept)} more left out."
    again = form(*(("name", name) for name in kept))
    assert (again.values["name"], again.too_much()) == (kept, "")


def test_all_lists_share_the_room_of_the_address():
    lists = [AnyText(f"in.{place}", "Names", []) for place in range(5)]
    opened = form(*((each.name, f"{number:0200}") for each in lists for number in range(20)), controls=lists)
    assert [len(opened.values[each.name]) for each in lists] == [20, 9, 0, 0, 0]
    assert len(opened.address()) <= LISTED_LENGTH + 5 * len("in.0=&")


def test_list_holds_a_hundred_values():
    opened = form(*(("name", str(number)) for number in range(101)))
    assert len(opened.values["name"]) == 100
    assert opened.too_much() == "More than an address can hold: 100 left out."
    assert opened.not_understood() == []


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "٣", "1,5", "x", "1e999", "1" * 41])
def test_text_that_is_no_number_is_not_understood(text):
    assert number(text) is None
    assert FROM.read([text]) == ("", [text])


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "31.1.2024", "0000-01-01", "9999-12-31T23:59-14:00"])
def test_text_that_is_no_moment_is_not_understood(text):
    assert moment(text) is None
    assert SINCE.read([text]) == ("", [text])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (" 2024-01-31 ", "2024-01-31"),
        ("2024-01-31T00:00", "2024-01-31T00:00:00"),
        ("2024-01-31 12:30", "2024-01-31T12:30:00"),
        ("2024-01-31T12:00+02:00", "2024-01-31T10:00:00"),
    ],
)
def test_moment_is_written_one_way(text, written):
    opened = form(("from.day", text))
    assert opened.values["from.day"] == written
    assert opened.reads_otherwise(SINCE)
    assert not form(("from.day", written)).reads_otherwise(SINCE)


def test_empty_field_is_no_mistake_and_not_in_the_address():
    opened = form(("from.weight", ""), ("from.day", ""))
    assert opened.not_understood() == []
    assert opened.address() == ""
    assert not opened.reads_otherwise(FROM)


def test_empty_field_says_no_bound_where_there_is_one_by_default():
    usual = Number("from.weight", "Weight from", "5")
    assert form(controls=[usual]).values == {"from.weight": "5"}
    opened = form(("from.weight", ""), controls=[usual])
    assert (opened.values["from.weight"], opened.not_understood(), opened.address()) == ("", [], "from.weight=")
    assert usual.read(["", "7"]) == ("7", [])
    assert usual.read(["many"]) == ("5", ["many"])


def test_only_what_was_written_into_a_field_can_be_mistyped():
    opened = form(("from.weight", "many"), ("measure", "none"), ("colour", "red"))
    assert opened.mistyped() == ["from.weight = many"]


def test_nothing_to_explain_is_no_text():
    assert explain([]) == ""


def test_explanation_is_of_bounded_length_and_says_where():
    assert explain(["a", "b"]) == "Not understood in the address, and left out: a, b."
    assert explain(list("abcdef"), where="") == "Not understood, and left out: a, b, c, d and 2 more."


def test_long_text_is_cut_and_what_cannot_be_seen_is_marked():
    assert shorten("x" * 41) == "x" * 40 + "…"
    assert shorten("a\0b\n\u202ec\ud800") == "a�b��c�"


@pytest.mark.parametrize(("text", "found"), [("007", 7), ("-12", -12), ("--1", None), ("٣", None), ("1" * 41, None)])
def test_whole_number_is_plain_and_bounded(text, found):
    assert whole_number(text) == found
