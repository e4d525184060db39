"""A chart page as its server answers: any address and any callback, with a chart that is made up."""

import json
from dataclasses import replace

import pytest
from flask import request
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from portico.charts.form import LISTED_LENGTH
from portico.charts.page import texts_of
from portico.charts.protocol import MOST_FOUND
from portico.charts.view import LONGEST_QUERY, USUAL_WIDTH_PX, read_asked
from portico.page.app import PageApp
from portico.page.loader import init_app
from tests.processes import ROOT
from tests.site.visitor import Answer, Document, OpenedPage

EXAMPLES = settings(max_examples=60, derandomize=True)
MADE_UP = (ROOT / "tests" / "made_up_chart.py").read_text(encoding="utf-8")
REGISTRY = '[site]\ntitle = "Small"\n[[page]]\nname = "chart"\npure = true\n'
GROUPS = ("data", "look", "filter")


@pytest.fixture
def client(small_site):
    return init_app(small_site({"chart": MADE_UP}, REGISTRY)).test_client()


def opened(client, query=""):
    answer = client.get(f"/chart/?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return OpenedPage(Answer(200, answer.headers, answer.data), Document(answer.text))


def callbacks(client):
    """The bodies of the two callbacks that the server answers, without values."""
    dependencies = opened(client).document.first["dependencies"]
    return {each["output"]: each for each in dependencies if not each["clientside_function"]}


def send(client, callback, inputs, state=(), outputs=None):
    output = callback["output"]
    several = output[2:-2].split("...") if output.startswith("..") else [output]
    plain = [dict(zip(("id", "property"), each.rsplit(".", 1), strict=True)) for each in several]
    body = {
        "output": output,
        "outputs": outputs or plain,
        "inputs": inputs,
        "state": list(state),
        "changedPropIds": [],
    }
    return client.post("/chart/_dash-update-component", json=body)


def ask(client, data):
    """Ask for a view; the answer's properties by component."""
    (callback,) = (each for output, each in callbacks(client).items() if "chart.figure" in output)
    answer = send(client, callback, [{"id": "address", "property": "data", "value": data}])
    return answer.json["response"] if answer.status_code == 200 else answer.status_code


def search(client, text, query="", chosen=(), name="in.full%20name"):
    (callback,) = (each for output, each in callbacks(client).items() if output.endswith(".options"))
    identity = {"control": name, "more": "engine"}
    answer = send(
        client,
        callback,
        [{"id": identity, "property": "search_value", "value": text}],
        [
            {"id": "shown", "property": "data", "value": {"query": query}},
            {"id": identity, "property": "value", "value": chosen},
            {"id": identity, "property": "id", "value": identity},
        ],
        {"id": identity, "property": "options"},
    )
    if answer.status_code != 200:
        return answer.status_code
    ((_, found),) = answer.json["response"].items()
    return [option["value"] for option in found["options"]]


def shown(page):
    return page.component("shown")["data"]


def test_page_opens_with_its_chart_its_controls_and_its_address(client):
    page = opened(client, "by=place&year=2007")
    assert page.component("caption")["children"] == "weight by place in 2007 of all, linear"
    assert shown(page)["address"] == "by=place"
    assert shown(page)["query"].startswith("table=fruit&measure=weight&by=place&detail=all")
    assert shown(page)["values"]["by"] == "place"
    assert page.component("csv")["href"] == "/chart/_data.csv?by=place"
    assert page.note == ""


def test_what_is_not_understood_is_said_and_stays_in_the_address(client):
    page = opened(client, "by=nothing&x=1")
    assert page.note == "Not understood in the address, and left out: by = nothing, x."
    assert shown(page)["address"] == "by=nothing&x=1"


def test_change_sends_the_controls_only_where_they_are_others(client):
    shape = shown(opened(client))["shape"]
    query = shown(opened(client, "year=1952"))["query"]
    answer = ask(client, {"query": query, "shape": shape, "width": 800})
    assert answer["caption"]["children"] == "weight by kind in 1952 of all, linear"
    assert answer["shown"]["data"]["address"] == "year=1952"
    assert answer["shown"]["data"]["asked"] == query
    assert [group for group in GROUPS if f"controls-{group}" in answer] == []
    answer = ask(client, {"query": query.replace("by=kind", "by=place"), "shape": shape, "width": 800})
    assert [group for group in GROUPS if f"controls-{group}" in answer] == ["data"]


def test_value_that_is_read_otherwise_is_sent_back(client):
    shape = shown(opened(client))["shape"]
    query = shown(opened(client))["query"].replace("from.weight=", "from.weight=many")
    answer = ask(client, {"query": query, "shape": shape, "width": 800})
    assert [group for group in GROUPS if f"controls-{group}" in answer] == ["filter"]
    assert answer["notice"] == {"children": "Not understood, and left out: from.weight = many.", "hidden": False}


def test_value_too_many_is_left_out_and_said(client):
    names = "".join(f"&in.full+name={'%D0%96' * 195}{number:05}" for number in range(9))
    room_for = LISTED_LENGTH // len(names[: len(names) // 9])
    shape = shown(opened(client))["shape"]
    answer = ask(client, {"query": f"by=place{names}", "shape": shape, "width": 800})
    assert len(answer["shown"]["data"]["values"]["in.full name"]) == room_for > 1
    assert answer["notice"]["children"].startswith("More than an address can hold: ")
    assert "controls-filter" in answer
    assert opened(client, answer["shown"]["data"]["address"]).note == ""


def test_step_back_sends_all_controls(client):
    answer = ask(client, {"query": "by=place", "shape": None, "width": None})
    assert [group for group in GROUPS if f"controls-{group}" in answer] == list(GROUPS)


def test_parameters_of_another_table_are_dropped_without_a_word(client):
    answer = ask(client, {"query": "table=order+book&measure=weight&from.weight=5", "shape": {}, "width": 800})
    assert answer["shown"]["data"]["address"] == "table=order+book"
    assert answer["notice"] == {"children": "", "hidden": True}


def test_data_that_is_away_is_said_in_the_place_of_the_chart(client):
    page = opened(client, "pace=away")
    assert page.component("caption")["children"] == "The database does not answer."
    answer = ask(client, {"query": "pace=away", "shape": None, "width": 800})
    assert answer["caption"]["children"] == "The database does not answer."
    assert answer["shown"]["data"]["address"] == "pace=away"


def test_controls_and_address_stay_where_a_question_fails_while_it_is_asked(client):
    shape = shown(opened(client))["shape"]
    asked = "table=order+book&measure=price&gone=1"
    answer = ask(client, {"query": asked, "shape": shape, "width": 800})
    assert answer["caption"]["children"] == "The database does not answer."
    assert [group for group in GROUPS if f"controls-{group}" in answer] == []
    assert answer["shown"]["data"]["shape"] == shape
    assert answer["shown"]["data"]["address"] == asked
    page = opened(client, asked)
    assert page.note == ""
    assert shown(page)["address"] == asked


def test_nothing_asked_is_the_page_as_it_opens(client):
    assert ask(client, None)["shown"]["data"]["address"] == ""


@pytest.mark.parametrize("data", [1, "x", [], {}, {"query": 1}, {"query": None}, {"query": "x" * (LONGEST_QUERY + 1)}])
def test_what_no_browser_asks_is_refused(client, data):
    assert ask(client, data) == 400
    with pytest.raises(BadRequest):
        read_asked(data)


@pytest.mark.parametrize(
    ("given_width", "width"),
    [
        (800, 800),
        (799.6, 799),
        (1, 100),
        (10**400, 10_000),
        (float("nan"), USUAL_WIDTH_PX),
        (float("-inf"), 100),
        *((each, USUAL_WIDTH_PX) for each in (None, True, "800", [], {})),
    ],
)
def test_width_is_one_that_a_chart_can_have(given_width, width):
    assert read_asked({"query": "", "width": given_width}).width == width


@pytest.mark.parametrize("shape", [None, 1, "x", [], [[]], {"data": []}, {"data": None}])
def test_shape_that_is_none_needs_the_controls_anew(client, shape):
    answer = ask(client, {"query": "", "shape": shape, "width": 800})
    assert "controls-data" in answer


def test_search_finds_what_contains_a_text_and_keeps_what_is_chosen(client):
    assert search(client, "name 157", chosen=["name 3", "elsewhere"]) == ["name 157", "name 3", "elsewhere"]
    assert len(search(client, "name", chosen=["elsewhere"])) == MOST_FOUND + 1
    assert len(search(client, None)) == MOST_FOUND


def test_search_of_what_is_no_list_finds_nothing(client):
    assert search(client, "name", name="from.weight") == []
    assert search(client, "a", name="no%00such") == []
    assert search(client, "a", query="table=order+book&gone=1", chosen=["x"]) == ["x"]


@pytest.mark.parametrize("text", ["\ud800", "name \0"], ids=ascii)
def test_search_for_what_is_no_text_asks_nobody(small_site, text):
    raising = MADE_UP.replace("in NAMES if text in name", "in NAMES if int(text)")
    client = init_app(small_site({"chart": raising}, REGISTRY)).test_client()
    assert search(client, text, "in.full name=name 7", chosen=["name 3"]) == ["name 3", "name 7"]


def test_search_keeps_the_one_that_is_chosen_and_what_the_page_shows(client):
    assert search(client, "name 157", chosen="price", name="measure") == ["name 157", "price", "weight"]


@pytest.mark.parametrize(("text", "chosen"), [(1, []), ([], []), ("a", 1), ("a", [1]), ("a", {})])
def test_search_that_no_browser_sends_is_refused(client, text, chosen):
    assert search(client, text, chosen=chosen) == 400


def test_nothing_chosen_is_no_text():
    assert texts_of(None) == []


def test_any_query_is_answered(small_site):
    client = init_app(small_site({"chart": MADE_UP.replace("time.sleep(SLOW_S)", "pass")}, REGISTRY)).test_client()
    names = st.sampled_from(["table", "measure", "by", "in.full name", "from.weight", "to.time", "year", "range.year"])
    texts = st.one_of(st.sampled_from(["order book", "place", "2024-01-01", "1e5", "1952", ""]), st.text(max_size=30))
    pairs = st.lists(st.tuples(st.one_of(names, st.text(max_size=5)), texts), max_size=8)
    (callback,) = (each for output, each in callbacks(client).items() if "chart.figure" in output)

    @EXAMPLES
    @given(st.one_of(st.text(max_size=80), pairs.map(lambda all_: "&".join(f"{name}={text}" for name, text in all_))))
    def check(query):
        data = {"query": query, "shape": None, "width": 500}
        answer = send(client, callback, [{"id": "address", "property": "data", "value": data}])
        assert answer.status_code == 200
        address = answer.json["response"]["shown"]["data"]["address"]
        data = data | {"query": address}
        again = send(client, callback, [{"id": "address", "property": "data", "value": data}])
        assert again.json["response"]["shown"]["data"]["address"] == address

    check()


def test_lone_surrogate_in_a_query_is_answered(client):
    body = json.dumps({"query": "x=\ud800&in.full name=\udfff"})
    assert ask(client, json.loads(body))["shown"]["data"]["address"] == ""


CHART_ONLY = """
from portico import PageApp
from portico.charts.protocol import Drawn
from portico.charts.page import chart_page
from portico.charts.figures import figure
from portico.charts.form import OneOf

class Plain:
    def ask(self, form):
        return form.ask(OneOf("by", "By", "a", options={"a": "A", "b": "B"}))

    def draw(self, question, width):
        return Drawn(figure([]), question)

def construct_page(server):
    app = PageApp(__name__, server)
    chart_page(app, Plain())
    return app.server
"""


def test_chart_without_tables_has_nothing_to_download(small_site):
    client = init_app(small_site({"chart": CHART_ONLY}, REGISTRY)).test_client()
    page = opened(client)
    assert [props["id"] for props in page.properties if "href" in props] == []
    assert ask(client, {"query": "by=b", "shape": None})["caption"]["children"] == "b"
    assert client.get("/chart/_data.csv").status_code == 404


def test_page_whose_chart_takes_a_while_opens_without_it_and_the_browser_asks(client):
    page = opened(client, "pace=late&nonsense=1")
    assert shown(page)["late"] is True
    assert page.figures()[0]["data"] == []
    assert page.component("caption")["children"] == "The chart is being worked out."
    assert page.component("figure")["data-late"] == "height"
    assert opened(client, "table=order+book&pace=late").component("figure")["data-late"] == "place"
    assert "data-late" not in opened(client).component("figure")
    assert "nonsense" in page.note
    answer = ask(client, {"query": shown(page)["address"], "shape": None, "opened": True})
    assert answer["chart"]["figure"]["data"]
    assert "nonsense" in answer["notice"]["children"]
    assert "late" not in answer["shown"]["data"]


@pytest.fixture
def made(monkeypatch):
    """The queries for which a page was made, and not given as it was made before."""
    queries, make = [], PageApp._made

    def counted(app, *arguments, **keywords):
        queries.append(request.query_string.decode())
        return make(app, *arguments, **keywords)

    monkeypatch.setattr(PageApp, "_made", counted)
    return queries


@pytest.mark.parametrize(("query", "times"), [("year=1952", 1), ("pace=slow", 2), ("pace=late", 2), ("pace=away", 2)])
def test_page_is_made_once_for_all_unless_its_chart_was_slow_or_is_not_there(
    small_site, made, monkeypatch, query, times
):
    limit = 0.5 if query == "pace=slow" else 60  # a busy machine makes any slow
    monkeypatch.setattr("portico.charts.view.SLOW_S", limit)
    quicker = MADE_UP.replace("SLOW_S = 4", "SLOW_S = 0.6")  # slow all the same
    client = init_app(small_site({"chart": quicker}, f"{REGISTRY}fresh = 60")).test_client()
    pages = [opened(client, query).figures() for _ in range(2)]
    assert made.count(query) == times
    assert pages[0] == pages[1]


@pytest.mark.parametrize(("more", "dev"), [("", False), ("fresh = 60", True)])
def test_page_is_made_for_each_reader_where_nothing_is_fresh_and_while_it_is_written(small_site, made, more, dev):
    site = small_site({"chart": MADE_UP}, REGISTRY + more)
    client = init_app(replace(site, settings=replace(site.settings, dev=dev))).test_client()
    for _ in range(2):
        opened(client, "year=1952")
    assert made.count("year=1952") == 2
