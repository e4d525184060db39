"""Answers of callbacks that other readers may be given: on pages that say for how long (`fresh` in `pages.toml`).

The gateway keeps them by path and body, under the version of the page that it asked for a moment ago. An
answer names its version too, so that one of another build is not kept, and is compressed here, once for all its
readers. What the page does not want to be kept, such as that its data is away, it says by `for_this_reader`.
"""

import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, g, request

from portico.data.errors import DataError
from portico.page.identity import names_its_reader

if TYPE_CHECKING:
    from portico.page.app import PageApp

# What the nginx gateway says that it takes, of answers that it may keep; no browser says this alone.
KEPT_CODING = "gzip"
GZIP_LEVEL = 4  # as the gateway compresses what it does not keep
# The window and the memory with which zlib compresses (https://docs.python.org/3/library/zlib.html#zlib.compressobj). Of its own
# choice it asks for 256 KB, which takes twice as long as to compress a small answer.
SMALL_BYTES = 32 * 1024
FOR_SMALL, FOR_LARGE = (13, 5), (15, 8)
AS_GZIP = 16  # added to the bits of the window: with gzip's head and sum
COMPRESSED_FROM = 1000  # bytes
VERSION_HEADER = "X-Portico-Version"
VERSION_ASKED = "version"  # the query with which the gateway asks `_status` for it
# Seconds a cached version stays fresh; in the last one, only while another request refreshes it.
VERSION_HOLDS_S = 2
NOBODY_ELSE = "no-store"
LONGEST_STALE_S = 10


def for_this_reader() -> None:
    """Say that the answer which is being made is not to be shared."""
    g.portico_for_this_reader = True


def is_for_this_reader() -> bool:
    """Return True if the current answer was marked so."""
    return bool(g.get("portico_for_this_reader"))


def version_of(app: "PageApp") -> str:
    """Of the page and of its data: another one after any change; empty where it cannot be told now."""
    try:
        return f"{app.build}-{app.data_version()}"
    except DataError:
        return ""


def with_sharing(response: Response, app: "PageApp", version: str) -> Response:
    """Say of a callback's answer for how long it may be given to others, if at all.

    Args:
        version: of the page before it worked the answer out.
    """
    shares = app.page.fresh_s and version and response.status_code == HTTPStatus.OK
    if shares and not is_for_this_reader() and not names_its_reader(app.site.registry):
        response.headers["Cache-Control"] = sharing_for(app.page.fresh_s)
        response.headers[VERSION_HEADER] = version
        _compress(response)
    else:
        response.headers["Cache-Control"] = NOBODY_ELSE
    return response


def sharing_for(fresh_s: int) -> str:
    """What a cache is told of an answer that others may be given for some seconds.

    At their end the old one is given while the new one is worked out, once for all who ask meanwhile:
    https://www.rfc-editor.org/rfc/rfc5861#section-3
    """
    stale = min(fresh_s // 2, LONGEST_STALE_S)
    return f"public, max-age={fresh_s - stale}, stale-while-revalidate={stale}"


def _compress(response: Response) -> None:
    """Compress an answer that the gateway keeps, which would compress it for each reader again."""
    asked = request.headers.get("Accept-Encoding")
    if asked == KEPT_CODING and (response.content_length or 0) >= COMPRESSED_FROM:
        response.set_data(_gzipped(response.get_data()))
        response.headers["Content-Encoding"] = KEPT_CODING


def _gzipped(data: bytes) -> bytes:
    """Compress an answer: the same bytes for the same data."""
    window, memory = FOR_SMALL if len(data) <= SMALL_BYTES else FOR_LARGE
    writer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, AS_GZIP + window, memory)
    return writer.compress(data) + writer.flush()
