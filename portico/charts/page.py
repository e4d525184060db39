"""A chart page: controls above a chart, all of it read from one address.

What a reader asks for is a query, whether it is opened, chosen or stepped back to. The server reads it, and
answers with the chart, the controls that fit it and the shortest address that opens it again. What the
browser does with these is in `static/chart.js`.
"""

from contextlib import ExitStack
from itertools import islice
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, dcc, html, no_update
from flask import has_request_context
from werkzeug.exceptions import BadRequest

from portico.charts.downloads import FORMATS, offer_downloads
from portico.charts.form import AnyOf, Form, Group, OneOf, address_arguments, is_askable
from portico.charts.protocol import MOST_FOUND, Chart, Drawn, TableChart
from portico.charts.view import (
    Asked,
    Shown,
    arguments_of,
    query_in,
    read_asked,
    show,
    show_first,
)
from portico.charts.widgets import ENGINE, GROUPS, changed, fields, name_of, of_group, options_of, sent
from portico.data.errors import DataError
from portico.page.app import PageApp
from portico.page.cache_control import for_this_reader

LONGEST_SEARCH = 200  # characters
# What a reader may do with a chart; the page's controls do the rest.
CONFIG = {"responsive": True, "displayModeBar": False, "doubleClick": "autosize", "scrollZoom": False}
CONTROL = {"control": ALL, "more": ALL}
SEARCHED = {"control": MATCH, "more": ENGINE}


def chart_page(app: PageApp, chart: Chart) -> None:
    """Make a page of a chart: its layout, and the callbacks that keep chart, controls and address together.

    The data of a chart of tables can be taken away too.
    """
    app.layout = lambda: layout(app, chart)
    app.check_ready = lambda: check_ready(app, chart)
    _answer(app, chart)
    if isinstance(chart, TableChart):
        app.data_version = chart.catalog.version
        app.is_same_for_all = True
        _search(app, chart)
        offer_downloads(app, chart)
    _in_browser(app)


def check_ready(app: PageApp, chart: Chart) -> None:
    """Raise unless the data source answers and the page can draw. An unreadable table only shows a message."""
    if isinstance(chart, TableChart):
        chart.catalog.names()
    layout(app, chart)


def layout(app: PageApp, chart: Chart) -> html.Div:
    """The page as the address that is being answered has it."""
    form = Form(address_arguments())
    shown = show_first(chart, form)
    drawn = shown.drawn
    if (shown.late or shown.slow or drawn.failure) and has_request_context():
        for_this_reader()
    return html.Div(
        [
            dcc.Store(id="address"),
            dcc.Store(id="shown", data=shown.for_browser(app.page.path)),
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
                **late(shown),
            ),
            html.Div([html.P(facts_of(drawn), id="facts"), _actions(app, chart, form)], className="below-chart"),
        ],
        className="chart-page",
    )


def late(shown: Shown) -> dict[str, str]:
    """What is not known yet while a chart is worked out: how high it is, or, before its table is read, which controls stand above it."""
    return {"data-late": "height" if shown.asked else "place"} if shown.late else {}


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
        html.A(
            each.label,
            id=each.suffix,
            href=data_address(app, form, each.suffix),
            title=f"Download the data as {each.label}",
        )
        for each in FORMATS
        if isinstance(chart, TableChart)
    ]
    images = [html.Button(kind.upper(), id=kind, type="button", title="Save the picture") for kind in ("png", "svg")]
    copy = html.Button("Copy link", id="copy-link", type="button")
    said = html.Span(id="copied", className="for-listeners", role="status")
    return html.Div([*downloads, *images, copy, said], className="actions", role="group", **{"aria-label": "Take away"})


def _answer(app: PageApp, chart: Chart) -> None:
    """Register what answers each query."""
    downloads = [each.suffix for each in FORMATS] if isinstance(chart, TableChart) else []
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
        form = Form(arguments_of(asked.query), asked.usual, open=not asked.opened)
        with ExitStack() as turn:
            return answered(asked, form, show(chart, form, asked.width, asked.opened, turn))

    def answered(asked: Asked, form: Form, shown: Shown) -> list[Any]:
        if shown.drawn.failure:
            for_this_reader()
        keeps = shown.keeps(asked)
        return [
            *(fields(form, group) if not keeps and stale(shown, group, asked) else no_update for group in GROUPS),
            *(no_update if keeps else summary_of(form, group) for group in panels),
            *(no_update if keeps else not of_group(form, group) for group in panels),
            shown.drawn.figure,
            shown.drawn.caption,
            facts_of(shown.drawn),
            shown.note,
            not shown.note,
            *(data_address(app, form, extension) for extension in downloads),
            shown.for_browser(app.page.path, asked),
        ]

    app.callback(outputs, Input("address", "data"), prevent_initial_call=True)(answer)


def stale(shown: Shown, group: Group, asked: Asked) -> bool:
    """Whether the controls of a group as the browser has them are not those of the view that is shown."""
    other = asked.shape.get(group) != shown.shapes[group]
    return other or any(shown.form.reads_otherwise(each) for each in of_group(shown.form, group))


def _search(app: PageApp, chart: TableChart) -> None:
    """Register what searches the options of long lists."""

    def search(text: Any, shown: Any, chosen: Any, component_id: Any) -> list[dict[str, str]]:
        name = name_of(component_id)
        if name is None or not isinstance(text, str | None):
            raise BadRequest("a search needs the id of a control and a text")
        form = Form(arguments_of(query_in(shown, "shown")))
        options = found(chart, form, name, (text or "")[:LONGEST_SEARCH])
        control, kept = listed(form, name), texts_of(chosen)
        if control is None:
            return options_of(options, kept)
        stood = filter(None, control.texts(form.values[name]))  # a reader may come back to what the page shows
        return sent(control, [*kept, *stood], options)

    app.callback(
        Output(SEARCHED, "options"),
        Input(SEARCHED, "search_value"),
        State("shown", "data"),
        State(SEARCHED, "value"),
        State(SEARCHED, "id"),
        prevent_initial_call=True,
    )(search)


def found(chart: TableChart, form: Form, name: str, text: str) -> dict[str, str]:
    """Options of a control that contain a text; none where the data cannot say, or cannot be asked for it."""
    try:
        with chart.catalog.turn():
            question = chart.ask(form)
            if listed(form, name) is None or (text and not is_askable(text)):
                return {}
            return dict(islice(chart.search(question, name, text).items(), MOST_FOUND))
    except DataError:
        for_this_reader()
        return {}


def listed(form: Form, name: str) -> OneOf | AnyOf | None:
    """The control of that name, if it has options."""
    return next((each for each in form.controls if each.name == name and isinstance(each, OneOf | AnyOf)), None)


def texts_of(chosen: Any) -> list[str]:
    """The values that stand in a list: some texts, or one.

    Raises:
        BadRequest: they are none.
    """
    texts = [] if chosen is None else [chosen] if isinstance(chosen, str) else chosen
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
