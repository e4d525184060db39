"""The shape of a callback's request: what a renderer sends passes, nothing else does."""

import copy

import pytest
from dash import ALL, MATCH, Dash, Input, Output, State
from werkzeug.exceptions import BadRequest

from portico.page.callbacks import check_callback_body

app = Dash("guarded", use_pages=False, pages_folder="")
app.callback(Output("out", "children"), Input("in", "value"), State("kept", "data"))(lambda *_: None)
app.callback(Output("a", "x"), Output("b", "y"), Input("in", "value"))(lambda *_: None)
app.callback(Output({"row": ALL}, "children"), Input({"row": ALL}, "value"))(lambda *_: None)
app.callback(
    Output({"list": MATCH, "kind": "long"}, "options"),
    Input({"list": MATCH, "kind": "long"}, "search"),
    State({"list": MATCH, "kind": "long"}, "id"),
)(lambda *_: None)
app.callback(Input("in", "value"))(lambda *_: None)
app.callback(Output("out", "children", allow_duplicate=True), Input("in", "value"), prevent_initial_call=True)(print)
app.clientside_callback("() => 1", Output("client", "children"), Input("in", "value"))
NO_OUTPUT = next(output for output, callback in app.callback_map.items() if callback["no_output"])

PLAIN = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "in", "property": "value", "value": 1}],
    "state": [{"id": "kept", "property": "data"}],
    "changedPropIds": ["in.value"],
}
MULTIPLE = {
    "output": "..a.x...b.y..",
    "outputs": [{"id": "a", "property": "x"}, {"id": "b", "property": "y"}],
    "inputs": [{"id": "in", "property": "value"}],
}
PATTERN = {
    "output": '{"row":["ALL"]}.children',
    "outputs": [{"id": {"row": 1}, "property": "children"}],
    "inputs": [[{"id": {"row": 1}, "property": "value"}, {"id": {"row": 2}, "property": "value"}]],
}
LONG_LIST = {"list": "a b", "kind": "long"}
MATCHING = {
    "output": '{"kind":"long","list":["MATCH"]}.options',
    "outputs": {"id": LONG_LIST, "property": "options"},
    "inputs": [{"id": LONG_LIST, "property": "search", "value": "x"}],
    "state": [{"id": LONG_LIST, "property": "id", "value": LONG_LIST}],
}
TWICE = next(output for output in app.callback_map if output.startswith("out.children@"))
DUPLICATE = PLAIN | {"output": TWICE, "outputs": {"id": "out", "property": TWICE.removeprefix("out.")}, "state": []}
SILENT = {"output": NO_OUTPUT, "inputs": [{"id": "in", "property": "value"}]}


def refused(body):
    with pytest.raises(BadRequest) as caught:
        check_callback_body(body, app.callback_map)
    return caught.value.description


@pytest.mark.parametrize(
    "body",
    [PLAIN, MULTIPLE, PATTERN, MATCHING, SILENT, DUPLICATE],
    ids=["plain", "multiple", "pattern", "match", "no output", "duplicate"],
)
def test_what_a_renderer_sends_passes(body):
    check_callback_body(body, app.callback_map)


@pytest.mark.parametrize("body", [None, [], 1, "x", True, [PLAIN]])
def test_body_that_is_no_object_is_refused(body):
    assert refused(body) == "a callback's body must be a JSON object"


@pytest.mark.parametrize("output", [None, 1, [], {}, "", "x", "out", "client.children", "out.children "])
def test_unknown_output_is_refused(output):
    assert "no such callback" in refused(PLAIN | {"output": output})


@pytest.mark.parametrize("key", ["outputs", "inputs", "state"])
@pytest.mark.parametrize(
    "value", [None, 1, "x", {}, [], [None], [[]], [1], [{}], [{"id": "in"}], [{"id": [], "property": {}}]]
)
def test_wrong_shape_is_refused(key, value):
    assert refused(PLAIN | {key: value}).startswith(key)


@pytest.mark.parametrize("key", ["outputs", "inputs", "state"])
def test_left_out_part_is_refused(key):
    assert refused({name: value for name, value in PLAIN.items() if name != key}).startswith(key)


@pytest.mark.parametrize("part", ["id", "property"])
def test_another_property_in_the_place_of_the_declared_one_is_refused(part):
    body = copy.deepcopy(PLAIN)
    body["inputs"][0][part] = "other"
    assert refused(body) == "inputs: in.value is expected"


def test_too_many_inputs_are_refused():
    assert refused(PLAIN | {"inputs": PLAIN["inputs"] * 2}) == "inputs: must be a list of 1"


@pytest.mark.parametrize("value", [None, 1, "in.value", {}, [None], [1], [[]]])
def test_changed_properties_are_texts(value):
    assert refused(PLAIN | {"changedPropIds": value}).startswith("changedPropIds")


@pytest.mark.parametrize("value", [[None], [1], [[1]], [[{}]], [[{"id": "in", "property": "value"}]]])
def test_what_does_not_match_a_pattern_is_refused(value):
    assert refused(PATTERN | {"inputs": value}).startswith("inputs")


@pytest.mark.parametrize("value", [None, 1, {}, [None], [{"id": {"row": 1}, "property": "other"}]])
def test_outputs_that_do_not_match_a_pattern_are_refused(value):
    assert refused(PATTERN | {"outputs": value}).startswith("outputs")


@pytest.mark.parametrize("key", ["outputs", "inputs", "state"])
@pytest.mark.parametrize(
    "made_up",
    [
        None,
        "x",
        {},
        {"list": "a"},
        {"list": "a", "kind": "short"},
        {"list": [], "kind": "long"},
        {"list": None, "kind": "long"},
        {"list": {}, "kind": "long"},
        {"list": "a", "kind": "long", "more": 1},
    ],
    ids=str,
)
def test_id_that_is_not_of_the_pattern_is_refused(key, made_up):
    body = copy.deepcopy(MATCHING)
    (body[key] if key == "outputs" else body[key][0])["id"] = made_up
    assert refused(body).startswith(key)
