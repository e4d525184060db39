"""Warm-up: everything a first visitor would wait for, done before the socket is opened.

Dash sets up a server at its first request and plotly imports numpy lazily; concurrent first requests
race for both and get errors. After this each page has answered its index, its layout, its dependencies,
the shared files that it names and every callback that can be called with the layout's own values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from dash import html
from dash.development.base_component import Component
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portico.errors import ConfigError
from portico.page_app import CALLBACK, PageApp
from portico.registry import REGISTRY_FILE
from portico.shared_assets.assets import CODINGS
from portico.trace_types import not_drawn

AS_BROWSERS = {"Accept-Encoding": ", ".join(CODINGS)}  # a compressed file is read, where there is one
SHARED_FILE = re.compile(rb'(?:src|href)="(/_shared/[^"]*)"')


def warm_up(server: Flask, apps: Iterable[PageApp]) -> None:
    """Ask every page on a server what its first visitors will ask.

    Raises:
        ConfigError: a page answers one of the requests with an error.
    """
    client = server.test_client()
    for app in apps:
        _warm_page(client, app)
        app.warm = True


def _warm_page(client: FlaskClient, app: PageApp) -> None:
    path = app.page.path
    index = _expect_success(app, client.get(path))
    _check_traces(app, _expect_success(app, client.get(f"{path}_dash-layout")))
    _expect_success(app, client.get(f"{path}_dash-dependencies"))
    for address in _shared_files(index):
        _expect_success(app, client.get(address, headers=AS_BROWSERS))
    for body in sample_callbacks(app):
        _check_traces(app, _expect_success(app, client.post(f"{path}{CALLBACK}", json=body), body["output"]))


def _shared_files(index: TestResponse) -> list[str]:
    return [address.decode() for address in SHARED_FILE.findall(index.data)]


def _expect_success(app: PageApp, response: TestResponse, what: str = "") -> TestResponse:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        where = f"services/{app.page.name}/page.py"
        more = "; the log above has the traceback" if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
        problem = f"answered {response.status} when it was warmed up{more}"
        raise ConfigError(where, "callback" if what else "address", what or response.request.path, problem)
    return response


def _check_traces(app: PageApp, answer: TestResponse) -> None:
    unknown = not_drawn(answer.get_json(silent=True), app.page.bundle)
    if unknown:
        problem = f'its plotly.js draws no {", ".join(sorted(unknown))}, which the page does; bundle = "full" draws all'
        raise ConfigError(REGISTRY_FILE, f"bundle of the page {app.page.name}", app.page.bundle, problem)


def sample_callbacks(app: PageApp) -> list[dict[str, Any]]:
    """The bodies of the callbacks that can be called with the values that stand in the layout.

    One that waits for its reader (`prevent_initial_call`) may send or delete something: it is called only
    on a page whose callbacks only read (`pure`).
    """
    properties = _properties_by_id(app.get_layout())
    waiting = {each["output"] for each in app._callback_list if each["prevent_initial_call"]}
    bodies = (
        _sample_body(output, callback, properties)
        for output, callback in app.callback_map.items()
        if app.page.pure or output not in waiting
    )
    return [body for body in bodies if body is not None]


def _sample_body(
    output: str, callback: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    wanted = [*callback["inputs"], *callback["state"]]
    if "callback" not in callback or any(item["id"] not in properties for item in wanted):
        return None  # clientside, or of components that are not in the first layout
    if any(item["property"] not in properties[item["id"]] for item in wanted):
        return None
    outputs = callback["output"]
    if any("{" in each.component_id_str() for each in (outputs if isinstance(outputs, list) else [outputs])):
        return None  # which components match a pattern is not known here
    return {
        "output": output,
        "outputs": [each.to_dict() for each in outputs] if isinstance(outputs, list) else outputs.to_dict(),
        "inputs": _with_values(callback["inputs"], properties),
        "state": _with_values(callback["state"], properties),
        "changedPropIds": [f"{item['id']}.{item['property']}" for item in callback["inputs"][:1]],
    }


def _with_values(
    items: Sequence[Mapping[str, Any]], properties: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    return [{**item, "value": properties[item["id"]][item["property"]]} for item in items]


def _properties_by_id(layout: Component | list[Component]) -> dict[str, Mapping[str, Any]]:
    whole = html.Div(layout)
    components = [whole, *whole._traverse()]
    with_id = [
        each for each in components if isinstance(each, Component) and isinstance(getattr(each, "id", None), str)
    ]
    return {each.id: each.to_plotly_json()["props"] for each in with_id}
