"""Warm-up: everything a first visitor would wait for, done once before the socket is opened.

Dash sets up a server at its first request and plotly imports numpy lazily; concurrent first requests
race for both and get errors. After this each page has answered its index, its layout, its dependencies,
the shared files that it names and the callbacks that a browser calls first.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

from dash import Output, html
from dash.development.base_component import Component
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portico.assets.assets import CODINGS
from portico.config.errors import ConfigError
from portico.config.registry import REGISTRY_FILE
from portico.page.app import CALLBACK, PageApp
from portico.page.trace_types import not_drawn

AS_BROWSERS = {"Accept-Encoding": ", ".join(CODINGS)}  # a compressed file is read, where there is one
SHARED_FILE = re.compile(rb'(?:src|href)="(/_shared/[^"]*)"')


def warm_up(server: Flask, app: PageApp) -> list[ConfigError]:
    """Send a page the requests of a first visit; return the problems of its callbacks.

    Raises:
        ConfigError: the page cannot be opened.
    """
    client = server.test_client()
    try:
        _open_page(client, app)
        with server.test_request_context(app.page.path):
            bodies = sample_callbacks(app)
        problems = [problem for body in bodies if (problem := _try_callback(client, app, body))]
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        raised = f"raised {type(error).__name__} when it was warmed up: {error}"
        raise _error(app, "layout", app.page.name, raised) from error
    app.warm = True
    return problems


def within(seconds: float, work: Callable[[], None], name: str) -> None:
    """Run work in a thread and raise its exception; after the timeout the thread continues alone.

    Raises:
        TimeoutError: the work goes on.
    """
    done: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=run, name=name, daemon=True).start()
    done.result(seconds)


def _open_page(client: FlaskClient, app: PageApp) -> None:
    path = app.page.path
    index = _expect_success(app, client.get(path))
    _check_traces(app, _expect_success(app, client.get(f"{path}_dash-layout")))
    _expect_success(app, client.get(f"{path}_dash-dependencies"))
    for address in _shared_files(index):
        _expect_success(app, client.get(address, headers=AS_BROWSERS))


def _try_callback(client: FlaskClient, app: PageApp, body: Mapping[str, Any]) -> ConfigError | None:
    try:
        answer = client.post(f"{app.page.path}{CALLBACK}", json=body)
        _check_traces(app, _expect_success(app, answer, body["output"]))
    except SystemExit as error:
        return _error(app, "callback", body["output"], f"raised SystemExit: {error}")
    except ConfigError as error:
        return error
    return None


def _shared_files(index: TestResponse) -> list[str]:
    return [address.decode() for address in SHARED_FILE.findall(index.data)]


def _expect_success(app: PageApp, response: TestResponse, what: str = "") -> TestResponse:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        more = "; the log above has the traceback" if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
        problem = f"answered {response.status} when it was warmed up{more}"
        raise _error(app, "callback" if what else "address", what or response.request.path, problem)
    return response


def _error(app: PageApp, key: str, value: str, problem: str) -> ConfigError:
    return ConfigError(f"services/{app.page.name}/page.py", key, value, problem)


def _check_traces(app: PageApp, answer: TestResponse) -> None:
    unknown = not_drawn(answer.get_json(silent=True), app.page.bundle)
    if unknown:
        problem = f'its plotly.js draws no {", ".join(sorted(unknown))}, which the page does; bundle = "full" draws all'
        raise ConfigError(REGISTRY_FILE, f"bundle of the page {app.page.name}", app.page.bundle, problem)


def sample_callbacks(app: PageApp) -> list[dict[str, Any]]:
    """Return the request bodies of the callbacks that a browser calls first when it opens the page.

    Leaves out callbacks that a browser does not call then (`prevent_initial_call`, an output or an input outside the
    layout), and callbacks whose values are not in the layout: those that another callback sets, and defaults.
    """
    properties = _properties_by_id(app.get_layout())
    first = [each["output"] for each in app._callback_list if not each["prevent_initial_call"]]
    callbacks = {output: app.callback_map[output] for output in first if output in app.callback_map}
    bodies = (
        _sample_body(output, callback, properties)
        for output, callback in callbacks.items()
        if not _awaits_another(output, callback, callbacks)
    )
    return [body for body in bodies if body is not None]


def _awaits_another(output: str, callback: Mapping[str, Any], callbacks: Mapping[str, Any]) -> bool:
    """Return True if another callback that a browser calls first sets what this one reads."""
    read = {(item["id"], item["property"]) for item in [*callback["inputs"], *callback["state"]]}
    others = [each for name, other in callbacks.items() if name != output for each in _outputs(other)]
    return any((each.component_id_str(), each.component_property) in read for each in others)


def _outputs(callback: Mapping[str, Any]) -> list[Output]:
    outputs = callback["output"]
    return [] if callback["no_output"] else list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _sample_body(
    output: str, callback: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    wanted = [*callback["inputs"], *callback["state"]]
    outputs = _outputs(callback)
    if "callback" not in callback or callback["background"] or not outputs:
        return None  # clientside, a job of its own, or one that only has an effect
    if any(each.component_id_str() not in properties for each in outputs) or any(
        item["id"] not in properties for item in wanted
    ):
        return None
    if any(item["property"] not in properties[item["id"]] for item in wanted):
        return None
    return {
        "output": output,
        "outputs": [each.to_dict() for each in outputs]
        if isinstance(callback["output"], list)
        else outputs[0].to_dict(),
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
