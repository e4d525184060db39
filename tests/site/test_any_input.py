"""Whatever an address or a callback holds, a page with real data behind it has an answer that is no failure."""

import json
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from portico.assets import SharedAssets
from portico.charts.form import AnyOf, AnyText, Form, Moment, Number, Span
from portico.config.settings import Settings
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.scheduler import Watch
from portico.page.loader import init_app
from portico.page.site import Site
from services.barchart.page import BarChart
from services.linechart.page import LineChart
from tests.data.real_tables import real_tables, write_folder
from tests.processes import ROOT
from tests.reference_site import reference_registry
from tests.site.visitor import Answer, Document, OpenedPage

EXAMPLES = settings(max_examples=60, derandomize=True)
NAMES = ("barchart", "linechart")
CHARTS = {"barchart": BarChart, "linechart": LineChart}
ROUNDS = 3
# Texts near to what controls know, and any others.
KNOWN = st.sampled_from(
    [
        "pop",
        "lifeExp",
        "country",
        "year",
        "10",
        "log",
        "mean",
        "each",
        "-",
        "*",
        "1952",
        "2007",
        "Norway",
        "Asia",
        "gapminder",
    ]
)
TEXTS = st.one_of(KNOWN, st.text(max_size=40))
PARAMETERS = st.sampled_from(
    [
        "table",
        "x",
        "measure",
        "aggregate",
        "split",
        "style",
        "top",
        "rest",
        "order",
        "scale",
        "grain",
        "shown",
        "window",
        "filter",
        "range.year",
        "from.pop",
        "to.pop",
        "from.gdpPercap",
        "in.country",
        "in.continent",
        "in.nothing",
        "from.",
    ]
)
PAIRS = st.lists(st.tuples(st.one_of(PARAMETERS, st.text(max_size=10)), TEXTS), max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from([1952, 1977, 2007]), st.floats(), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=3))
)


@pytest.fixture(scope="module")
def client():
    registry = reference_registry()
    site = Site(registry, Settings(site_folder=ROOT, pages=registry.names()), SharedAssets.of_site(ROOT))
    return init_app(site).test_client()


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """The twelve tables of a folder."""
    folder = tmp_path_factory.mktemp("data")
    write_folder(folder)
    return FolderCatalog(folder, Watch(20, 4), "128MB")


@pytest.fixture(scope="module")
def plain(client):
    return {name: opened(client, f"/{name}/") for name in NAMES}


def opened(client, target):
    answer = client.get(target, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return OpenedPage(Answer(200, answer.headers, answer.data), Document(answer.text))


@pytest.mark.parametrize("name", NAMES)
def test_any_address_opens_the_page(client, plain, name):
    @EXAMPLES
    @given(PAIRS)
    def check(pairs):
        page = opened(client, f"/{name}/?{urlencode(pairs, errors='replace')}")
        assert page.document.tags == plain[name].document.tags
        assert set(page.document.painted) <= {
            *plain[name].document.painted,
            "p",
            "span",
        }  # a note, and what was touched
        assert len(page.note) < 500
        assert len(page.figures()) == 1

    check()


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_in_a_query_open_the_page(client, plain, name):
    @EXAMPLES
    @given(st.binary(max_size=200))
    def check(query):
        page = opened(client, f"/{name}/?{quote(query, safe='=&;%+')}")
        assert page.document.tags == plain[name].document.tags
        assert set(page.document.painted) <= {
            *plain[name].document.painted,
            "p",
            "span",
        }  # a note, and what was touched

    check()


@pytest.mark.parametrize("name", NAMES)
def test_any_path_is_answered(client, name):
    @EXAMPLES
    @given(st.binary(max_size=60))
    def check(path):
        for target in (
            f"/{quote(path)}",
            f"/{name}/{quote(path)}",
            f"/{name}/_dash-component-suites/dash/{quote(path)}",
        ):
            assert client.get(target).status_code < 500

    check()


@pytest.mark.parametrize("name", NAMES)
def test_anything_that_is_asked_is_drawn_or_refused(client, plain, name):
    (body,) = plain[name].callbacks()

    @EXAMPLES
    @given(VALUES)
    def check(value):
        inputs = [body["inputs"][0] | {"value": value}]
        assert send(client, name, body | {"inputs": inputs}).status_code in (200, 400)

    check()


@pytest.mark.parametrize("name", NAMES)
def test_any_query_that_is_asked_is_drawn(client, plain, name):
    @EXAMPLES
    @given(PAIRS)
    def check(pairs):
        answer = send(client, name, plain[name].asking(urlencode(pairs, errors="replace")))
        assert answer.status_code == 200
        assert "NaN" not in answer.text

    check()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", sorted(real_tables()))
def test_any_choice_that_the_controls_offer_is_drawn(catalog, table, name):
    chart = CHARTS[name](catalog)
    (listed,) = [each.name for each in catalog.names() if each.name.startswith(f"{table}.")]

    @settings(EXAMPLES, max_examples=8)
    @given(st.data())
    def check(data):
        arguments = MultiDict({"table": listed})
        for _ in range(ROUNDS):  # each choice can bring controls that were not there
            form = Form(arguments)
            chart.ask(form)
            for control in form.controls[1:]:
                if data.draw(st.booleans(), label=control.name):
                    arguments.setlist(control.name, data.draw(choices(control)))
        form = Form(arguments)
        question = chart.ask(form)
        drawn = chart.draw(question, data.draw(st.integers(100, 3000)))
        assert "NaN" not in json.dumps(drawn.figure, allow_nan=False)
        assert drawn.caption
        again = Form(MultiDict(parse_qsl(form.address(), keep_blank_values=True)))
        assert chart.ask(again) is not None
        assert again.values == form.values  # its address opens the same view
        found = chart.data(question)
        catalog.rows(found.values.query(found.expression, catalog.dialect))

    check()


@pytest.mark.parametrize("name", NAMES)
def test_any_body_is_answered_or_refused(client, name):
    @EXAMPLES
    @given(st.one_of(VALUES.map(lambda value: json.dumps(value).encode()), st.binary(max_size=300)))
    def check(body):
        assert send(client, name, body).status_code == 400

    check()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["output", "outputs", "inputs", "state", "changedPropIds"])
def test_any_part_of_a_body_is_answered_or_refused(client, plain, name, key):
    (body,) = plain[name].callbacks()

    @settings(EXAMPLES, max_examples=20)
    @given(VALUES)
    def check(value):
        assert send(client, name, body | {key: value}).status_code in (200, 400)

    check()


def choices(control):
    """What a reader can choose with a control, as texts."""
    match control:
        case Span():
            ends = st.lists(st.sampled_from(control.steps), min_size=2, max_size=2)
            return ends.map(sorted).map(lambda both: [str(end) for end in both])
        case AnyText():
            return st.lists(st.sampled_from(["North", "AAA", "true", "(none)", "'; --", "%"]), max_size=3, unique=True)
        case AnyOf():
            return st.lists(st.sampled_from(sorted(control.options)), max_size=3, unique=True)
        case Moment():
            return st.datetimes().map(lambda moment: [moment.isoformat()])
        case Number():
            return st.floats(-1e6, 1e6).map(lambda number: [f"{number:g}"])
    return st.sampled_from(sorted(control.options)).map(lambda value: [value])


def send(client, name, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/{name}/_dash-update-component", data=content, content_type="application/json")
