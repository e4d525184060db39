"""A chart page: controls above a chart, all of it read from one address.

What a reader asks for is a query, whether it is opened, chosen or stepped back to. The server reads it, and
answers with the chart, the controls that fit it and the shortest address that opens it again. What the
browser does with these is in `static/chart.js`.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, dcc, html, no_update
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portico.chart import Chart, Drawn, TableChart
from portico.controls import ENGINE, GROUPS, changed, fields, name_of, of_group, options_of, shape
from portico.data.failures import Busy, DataError, TookTooLong
from portico.data.running import Patience, with_patience
from portico.downloads import offer_downloads
from portico.figures import GRAPH_CONFIG, empty
from portico.form import AnyText, Arguments, Form, Group, address_arguments, explain
from portico.page_app import PageApp

FIRST = Patience(turn=10, query=1)  # seconds that a page waits for its chart before it opens without
LATE = "The chart is being worked out."
USUAL_WIDTH_PX = 1000  # of a chart, until the browser has said how wide it is
NARROWEST_PX, WIDEST_PX = 100, 10_000
LONGEST_QUERY = 8192  # characters
LONGEST_SEARCH = 200  # characters
MOST_FOUND = 50  # options that a search shows
CONFIG = GRAPH_CONFIG | {"displayModeBar": False, "doubleClick": "autosize", "scrollZoom": False}
CONTROL = {"control": ALL, "more": ALL}
SEARCHED = {"control": MATCH, "more": ENGINE}
FORMATS = {"csv": "CSV", "parquet": "Parquet"}


@dataclass(frozen=True)
class Asked:
    """What a browser asks for.

    Attributes:
        query: how the controls stand, or an address.
        shape: digests of the controls that the browser shows, by group; empty where it needs them anew.
        width: of the chart (pixels).
        opened: whether the query is an address that a reader opened.
        usual: controls in it that stand at their default and that the reader did not touch.
    """

    query: str
    shape: Mapping[str, str]
    width: int = USUAL_WIDTH_PX
    opened: bool = False
    usual: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A query as it is answered."""

    form: Form
    drawn: Drawn
    note: str
    asked: bool  # all its questions; data that is away ends them early
    strange: bool  # something in the address that was opened was not understood
    late: bool = False  # the chart is not there yet

    def for_browser(self, asked: Asked | None = None) -> dict[str, Any]:
        """What the browser keeps of this view; without a query of its own, the address that was opened."""
        given = urlencode(list(self.form.arguments.items(multi=True)), errors="replace")
        keeps = not self.asked and asked is not None and asked.shape
        return {
            "address": self.form.address() if self.asked and not self.strange else given,
            "query": asked.query if asked and keeps else self.form.whole_address(),
            "shape": asked.shape if asked and keeps else shapes(self.form),
            "values": self.form.values,
            "usual": self.form.usual(),
            "asked": asked.query if asked else None,
            **({"late": True} if self.late else {}),
        }


def chart_page(app: PageApp, chart: Chart) -> None:
    """Make a page of a chart: its layout, and the callbacks that keep chart, controls and address together.

    The data of a chart of tables can be taken away too.
    """
    app.layout = lambda: layout(app, chart)
    _answer(app, chart)
    if isinstance(chart, TableChart):
        _search(app, chart)
        offer_downloads(app, chart)
    _in_browser(app)


def layout(app: PageApp, chart: Chart) -> html.Div:
    """The page as the address that is being answered has it."""
    form = Form(address_arguments())
    shown = show_first(chart, form)
    drawn = shown.drawn
    return html.Div(
        [
            dcc.Store(id="address"),
            dcc.Store(id="shown", data=shown.for_browser()),
            html.Section(
                [panel(form, group) for group in GROUPS],
                id="controls",
                className="controls",
                **{"aria-label": "Chart settings"},
            ),
            html.P(shown.note, id="notice", className="notice", role="status", hidden=not shown.note),
            html.Figure(
                [
                    html.Figcaption(drawn.caption, id="caption", **{"aria-live": "polite"}),
                    _working(),
                    dcc.Graph(id="chart", figure=drawn.figure, config=CONFIG),
                ],
                id="figure",
                className="chart",
                style={"--chart-height": f"{drawn.figure['layout']['height']}px"},  # nothing moves when it is drawn
            ),
            html.Div([html.P(facts_of(drawn), id="facts"), _actions(app, chart, form)], className="below-chart"),
        ],
        className="chart-page",
    )


def show(chart: Chart, form: Form, width: int, opened: bool) -> Shown:
    """Ask a form's questions and draw what they ask for; a failure of the data is shown in the chart's place."""
    asked = False
    try:
        with chart.catalog.turn() if isinstance(chart, TableChart) else nullcontext():
            question = chart.ask(form)
            asked = True
            drawn = chart.draw(question, width)
    except DataError as error:
        drawn = Drawn(empty(str(error)), str(error), failure=type(error))
    note = explain(form.not_understood()) if opened and asked else explain(form.mistyped(), where="")
    return Shown(form, drawn, " ".join([*([note] if note else []), *drawn.notes]), asked, opened and bool(note))


def show_first(chart: Chart, form: Form) -> Shown:
    """What a page opens with: a chart that takes a while is asked for by the browser, which says that it waits."""
    with with_patience(FIRST):
        shown = show(chart, form, USUAL_WIDTH_PX, opened=True)
    if shown.drawn.failure not in (TookTooLong, Busy):
        return shown
    return replace(shown, drawn=Drawn(empty(""), LATE), late=True)


def panel(form: Form, group: Group) -> html.Div | html.Details:
    """The controls of a group: what the chart is made of is always there, the rest opens."""
    inner = html.Div(fields(form, group), id=f"controls-{group}", className="control-group")
    if group == "data":
        return inner
    summary = html.Summary(summary_of(form, group), id=f"summary-{group}")
    return html.Details([summary, inner], id=f"panel-{group}", hidden=not of_group(form, group))


def summary_of(form: Form, group: Group) -> list[Any]:
    """What a closed group is called, and which of its controls were touched."""
    touched = ", ".join(changed(form, group))
    return [GROUPS[group], *([html.Span(touched, className="touched")] if touched else [])]


def shapes(form: Form) -> dict[str, str]:
    """What the controls look like, by group."""
    return {group: shape(of_group(form, group)) for group in GROUPS}


def facts_of(drawn: Drawn) -> str:
    return " · ".join(drawn.facts)


def data_address(app: PageApp, form: Form, extension: str) -> str:
    """Where the data of a view is downloaded."""
    query = form.address()
    return f"{app.page.path}_data.{extension}" + (f"?{query}" if query else "")


def _working() -> html.Div:
    """Stands over the chart while its answer is awaited."""
    seconds = html.Span(id="seconds", **{"aria-hidden": "true"})
    text = html.Span([html.Span("Working…", id="working-text"), seconds], role="status")
    return html.Div([text, html.Button("Cancel", id="cancel", type="button")], id="working", hidden=True)


def _actions(app: PageApp, chart: Chart, form: Form) -> html.Div:
    downloads = [
        html.A(label, id=extension, href=data_address(app, form, extension), title=f"Download the data as {label}")
        for extension, label in FORMATS.items()
        if isinstance(chart, TableChart)
    ]
    images = [html.Button(kind.upper(), id=kind, type="button", title="Save the picture") for kind in ("png", "svg")]
    copy = html.Button("Copy link", id="copy-link", type="button")
    said = html.Span(id="copied", className="for-listeners", role="status")
    return html.Div([*downloads, *images, copy, said], className="actions", role="group", **{"aria-label": "Take away"})


def _answer(app: PageApp, chart: Chart) -> None:
    """Register what answers each query."""
    downloads = list(FORMATS) if isinstance(chart, TableChart) else []
    panels: list[Group] = [group for group in GROUPS if group != "data"]
    outputs = [
        *(Output(f"controls-{group}", "children") for group in GROUPS),
        *(Output(f"summary-{group}", "children") for group in panels),
        *(Output(f"panel-{group}", "hidden") for group in panels),
        Output("chart", "figure"),
        Output("caption", "children"),
        Output("facts", "children"),
        Output("notice", "children"),
        Output("notice", "hidden"),
        *(Output(extension, "href") for extension in downloads),
        Output("shown", "data"),
    ]

    def answer(data: Any) -> list[Any]:
        asked = read_asked(data)
        form = Form(arguments_of(asked.query), asked.usual)
        shown = show(chart, form, asked.width, asked.opened)
        keeps = not shown.asked and bool(asked.shape)  # the controls: those of a question that failed are too few
        return [
            *(fields(form, group) if not keeps and stale(form, group, asked) else no_update for group in GROUPS),
            *(no_update if keeps else summary_of(form, group) for group in panels),
            *(no_update if keeps else not of_group(form, group) for group in panels),
            shown.drawn.figure,
            shown.drawn.caption,
            facts_of(shown.drawn),
            shown.note,
            not shown.note,
            *(data_address(app, form, extension) for extension in downloads),
            shown.for_browser(asked),
        ]

    app.callback(outputs, Input("address", "data"), prevent_initial_call=True)(answer)


def stale(form: Form, group: Group, asked: Asked) -> bool:
    """Whether the controls of a group as the browser has them are not those of a form that was asked."""
    controls = of_group(form, group)
    return asked.shape.get(group) != shape(controls) or any(form.reads_otherwise(each) for each in controls)


def read_asked(data: Any) -> Asked:
    """Read what a browser asks for; nothing is the page as it opens.

    Raises:
        BadRequest: no browser of ours can have sent it.
    """
    if data is None:
        return Asked("", {})
    query = _query_in(data, "address")
    shape, usual = data.get("shape"), data.get("usual")
    return Asked(
        query,
        shape if isinstance(shape, dict) else {},
        _width(data.get("width")),
        data.get("opened") is True,
        tuple(name for name in usual if isinstance(name, str)) if isinstance(usual, list) else (),
    )


def arguments_of(query: str) -> Arguments:
    """The parameters of a query."""
    return MultiDict(parse_qsl(query, keep_blank_values=True))


def _query_in(data: Any, what: str) -> str:
    query = data.get("query") if isinstance(data, dict) else None
    if not isinstance(query, str) or len(query) > LONGEST_QUERY:
        raise BadRequest(f"{what}: must be an object with a query of at most {LONGEST_QUERY} characters")
    return query


def _width(width: Any) -> int:
    if type(width) not in (int, float) or width != width:  # noqa: PLR0124 - only NaN is not itself
        return USUAL_WIDTH_PX
    return int(min(max(width, NARROWEST_PX), WIDEST_PX))


def _search(app: PageApp, chart: TableChart) -> None:
    """Register what searches the options of long lists."""

    def search(text: Any, shown: Any, chosen: Any, component_id: Any) -> list[dict[str, str]]:
        name = name_of(component_id)
        if name is None or not isinstance(text, str | None):
            raise BadRequest("a search needs the id of a control and a text")
        form = Form(arguments_of(_query_in(shown, "shown")))
        return options_of(found(chart, form, name, (text or "")[:LONGEST_SEARCH]), texts_of(chosen))

    app.callback(
        Output(SEARCHED, "options"),
        Input(SEARCHED, "search_value"),
        State("shown", "data"),
        State(SEARCHED, "value"),
        State(SEARCHED, "id"),
        prevent_initial_call=True,
    )(search)


def found(chart: TableChart, form: Form, name: str, text: str) -> dict[str, str]:
    """Options of a control that contain a text; none where the data cannot say."""
    try:
        question = chart.ask(form)
        if not any(each.name == name and isinstance(each, AnyText) for each in form.controls):
            return {}
        return dict(islice(chart.search(question, name, text).items(), MOST_FOUND))
    except DataError:
        return {}


def texts_of(chosen: Any) -> list[str]:
    """The values that stand in a list of texts.

    Raises:
        BadRequest: they are none.
    """
    texts = [] if chosen is None else chosen
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise BadRequest("value: must be a list of texts")
    return texts


def _in_browser(app: PageApp) -> None:
    """Register what the browser does by itself: compose the address, keep it, and follow a zoom."""
    ids, figure = State(CONTROL, "id"), State("chart", "figure")
    inside = [
        ("choose", [Output("address", "data")], [Input(CONTROL, "value"), ids, State("shown", "data")], True),
        ("answered", [], [Input("shown", "data"), ids, figure], False),
        ("zoom", [], [Input("chart", "relayoutData")], True),
    ]
    for name, outputs, inputs, waits in inside:
        app.clientside_callback(ClientsideFunction("portico", name), *outputs, *inputs, prevent_initial_call=waits)
