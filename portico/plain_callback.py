"""Callbacks that are given values and return values, and ask nothing else of Dash.

For every callback Dash prepares what some of them ask for: `dash.ctx`, `set_props`, groupings, handlers of errors. That takes as
long as much of what these answer; a plain callback is called without it, with the same request and the same answer.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Output
from dash._no_update import NoUpdate
from dash._utils import to_json
from dash.development.base_component import Component
from flask import Response


@dataclass(frozen=True)
class PlainCallback:
    """A callback of components with ids that are texts.

    Attributes:
        outputs: what it sets.
        answer: takes the values of its inputs, then those of its state; returns one for each output, or
            `no_update` in its place.
    """

    outputs: Sequence[Output]
    answer: Callable[..., Sequence[Any]]

    def response(self, body: Mapping[str, Any]) -> Response:
        """Answer the body of a request that is one of this callback's."""
        given = [each.get("value") for each in (*body.get("inputs", ()), *body.get("state", ()))]
        found: dict[str, dict[str, Any]] = {}
        for output, value in zip(self.outputs, self.answer(*given), strict=True):
            if not isinstance(value, NoUpdate):
                found.setdefault(output.component_id, {})[output.component_property] = value
        return Response(_as_json({"multi": True, "response": found}), mimetype="application/json")


def _as_json(value: Any) -> str:
    """Write what is plain data and components; what is more, such as arrays and NaN, Dash writes in its own way."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_parts_of)
    except (TypeError, ValueError):
        return str(to_json(value))


def _parts_of(value: Any) -> Any:
    if isinstance(value, Component):
        return value.to_plotly_json()
    raise TypeError(type(value).__name__)
