"""The shape of a callback's request, checked before Dash sees it.

Dash trusts its own renderer: an unknown output is a KeyError there, a list where it wants an object an
AttributeError, and both are a 500. Here they are a 400 that says what is wrong, or a 409 to a tab that was opened
with another build of the page: its reader reloads it.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dash.exceptions import PreventUpdate
from werkzeug.exceptions import BadRequest, Conflict, HTTPException

logger = logging.getLogger(__name__)
BUILD_HEADER = "X-Portico-Build"  # of the page that a tab shows; percent-encoded
UPDATED = "this page was updated since it was opened: reload it"
DUPLICATE_MARK = "@"  # then a digest, as the renderer sends an output with allow_duplicate=True


@contextmanager
def answered_if_it_fits(build_of_tab: str, build: str) -> Iterator[None]:
    """Turn an error in the block into a 409 if the tab is of another build; an empty build does not count.

    The request may have been right when the tab was opened, so neither a 400 nor a 500 would help its reader.
    """
    try:
        yield
    except (PreventUpdate, Conflict):
        raise
    except Exception as error:
        if build_of_tab in ("", build) or (isinstance(error, HTTPException) and not isinstance(error, BadRequest)):
            raise
        if not isinstance(error, BadRequest):
            logger.warning("a callback of build %.20r failed", build_of_tab, exc_info=error)
        raise Conflict(UPDATED) from error


def check_callback_body(body: Any, callback_map: Mapping[str, Any]) -> None:
    """Check the JSON body of a callback request against the callbacks of the page.

    Raises:
        BadRequest: it is not what this page's renderer can have sent.
    """
    if not isinstance(body, dict):
        raise BadRequest("a callback's body must be a JSON object")
    output = body.get("output")
    callback = callback_map.get(output) if isinstance(output, str) else None
    if callback is None or "callback" not in callback:  # a clientside callback has no function here
        raise BadRequest("output: this page has no such callback")
    _check_properties("inputs", body.get("inputs", []), callback["inputs"])
    _check_properties("state", body.get("state", []), callback["state"])
    if not callback["no_output"]:
        _check_outputs(body.get("outputs"), callback["output"])
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(item, str) for item in changed):
        raise BadRequest("changedPropIds: must be a list of texts")


def _check_outputs(given: Any, declared: Any) -> None:
    if isinstance(declared, list):
        _check_properties("outputs", given, [output.to_dict() for output in declared])
    else:
        _check_property("outputs", given, declared.to_dict())


def _check_properties(key: str, given: Any, declared: Sequence[Mapping[str, str]]) -> None:
    if not isinstance(given, list) or len(given) != len(declared):
        raise BadRequest(f"{key}: must be a list of {len(declared)}")
    for item, expected in zip(given, declared, strict=True):
        _check_property(key, item, expected)


def _check_property(key: str, item: Any, expected: Mapping[str, str]) -> None:
    if expected["id"].startswith("{"):
        _check_pattern(key, item, expected)
    elif not isinstance(item, dict) or item.get("id") != expected["id"] or _property(item) != expected["property"]:
        raise BadRequest(f"{key}: {expected['id']}.{expected['property']} is expected")


def _check_pattern(key: str, item: Any, expected: Mapping[str, str]) -> None:
    pattern = json.loads(expected["id"])
    matches_many = any(part in (["ALL"], ["ALLSMALLER"]) for part in pattern.values())
    items = item if matches_many and isinstance(item, list) else [item]
    for each in items:
        if (
            not isinstance(each, dict)
            or not _matches(each.get("id"), pattern)
            or _property(each) != expected["property"]
        ):
            raise BadRequest(f"{key}: what matches {expected['id']}.{expected['property']} is expected")


def _matches(component_id: Any, pattern: Mapping[str, Any]) -> bool:
    """Return True if a component's id has the keys of a pattern; a list in the pattern matches any value."""
    if not isinstance(component_id, dict) or component_id.keys() != pattern.keys():
        return False
    return all(
        isinstance(value, str | int | float) if isinstance(pattern[part], list) else value == pattern[part]
        for part, value in component_id.items()
    )


def _property(item: Mapping[str, Any]) -> str:
    """The property of an item, without the mark of an output that several callbacks set."""
    return str(item.get("property")).partition(DUPLICATE_MARK)[0]
