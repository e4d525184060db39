"""Whatever an address or a callback holds, a page with real data behind it has an answer that is no failure."""

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.mounting import init_app
from portico.page_app import apps_of
from portico.registry import read_registry
from portico.settings import Settings
from portico.shared_assets import SharedAssets
from portico.site import Site
from portico.view import AnyOf, Span, Step
from tests.processes import ROOT
from tests.site.visitor import Answer, Document, OpenedPage

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
NAMES = ("barchart", "linechart")
# Texts near to what controls know, and any others.
KNOWN = st.sampled_from(
    ["pop", "lifeExp", "country", "10", "all", "log", "1952", "2007", "1952-2007", "2007-1952", "Norway", "Asia"]
)
TEXTS = st.one_of(KNOWN, st.text(max_size=40))
PARAMETERS = st.sampled_from(["measure", "by", "top", "order", "scale", "year", "years", "continent", "country"])
PAIRS = st.lists(st.tuples(st.one_of(PARAMETERS, st.text(max_size=10)), TEXTS), max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from([1952, 1977, 2007]), st.floats(), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=3))
)


@pytest.fixture(scope="module")
def client():
    registry = read_registry(ROOT)
    site = Site(registry, Settings(site_folder=ROOT, pages=registry.names()), SharedAssets.of_portico())
    return init_app(site).test_client()


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
def test_any_value_of_a_control_is_drawn_or_refused(client, plain, name):
    (body,) = plain[name].callbacks()

    @EXAMPLES
    @given(st.data())
    def check(data):
        inputs = [each | {"value": data.draw(VALUES)} if data.draw(st.booleans()) else each for each in body["inputs"]]
        assert send(client, name, body | {"inputs": inputs}).status_code in (200, 400)

    check()


@pytest.mark.parametrize("name", NAMES)
def test_any_choice_that_the_controls_offer_is_drawn(client, plain, name):
    (body,) = plain[name].callbacks()
    controls = next(app.view.controls for app in apps_of(client.application) if app.page.name == name)

    @EXAMPLES
    @given(st.data())
    def check(data):
        values = [data.draw(choices(control), label=control.name) for control in controls]
        inputs = [each | {"value": value} for each, value in zip(body["inputs"], values, strict=True)]
        answer = send(client, name, body | {"inputs": inputs})
        assert answer.status_code == 200
        assert "NaN" not in answer.text

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
    """The values that a reader can give a control."""
    if isinstance(control, Span):
        ends = st.lists(st.sampled_from(control.steps), min_size=2, max_size=2)
        return ends.map(sorted)
    if isinstance(control, AnyOf):
        return st.lists(st.sampled_from(sorted(control.options)), max_size=5, unique=True)
    return st.sampled_from(control.steps if isinstance(control, Step) else sorted(control.options))


def send(client, name, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/{name}/_dash-update-component", data=content, content_type="application/json")
