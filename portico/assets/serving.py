"""Shared files over HTTP."""

from http import HTTPStatus

from flask import Blueprint, abort, request
from werkzeug.datastructures import Accept
from werkzeug.wrappers import Response

from portico.assets.assets import CODINGS, SharedAssets
from portico.assets.package import SHARED_PREFIX, media_type

FOR_EVER = "public, max-age=31536000, immutable"


def shared_blueprint(assets: SharedAssets) -> Blueprint:
    """The routes that answer shared addresses on a Flask server."""
    blueprint = Blueprint("portico_shared", __name__)

    def serve(package: str, digest: str, file: str) -> Response:
        try:
            content, coding = assets.body(package, digest, file, accepted(request.accept_encodings))
        except KeyError:
            abort(HTTPStatus.NOT_FOUND)  # the site's own, which nobody may store
        response = Response(content, content_type=media_type(file))
        response.headers["Cache-Control"] = FOR_EVER
        response.headers["Vary"] = "Accept-Encoding"
        if coding:
            response.headers["Content-Encoding"] = coding
        response.set_etag(f"{digest}-{coding}" if coding else digest)
        return response.make_conditional(request)

    blueprint.add_url_rule(f"{SHARED_PREFIX}<package>/<digest>/<path:file>", "file", serve)
    return blueprint


def accepted(encodings: Accept) -> tuple[str, ...]:
    """The codings that a client takes, the best first; it must name them: `*` may be an old proxy's."""
    named = {name.lower() for name, quality in encodings if quality > 0}
    return tuple(coding for coding in CODINGS if coding in named)
