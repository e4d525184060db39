"""What gunicorn refuses while it reads a request: in few words, with the site's headers."""

from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import body, message
from gunicorn.http.errors import InvalidChunkSize

from portico.response_headers import SECURITY_HEADERS

LARGEST_CHUNK = 2**63 - 1  # bytes; what a length is to the servers that a request may come through


class BoundedChunks(body.ChunkedReader):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's reader of bodies in chunks, which would wait for any number of bytes."""

    def parse_chunk_size(self, unreader: Any, data: bytes | None = None) -> tuple[int, bytes | None]:
        """Read the size of the next chunk, and what follows it.

        Raises:
            InvalidChunkSize: it is no size, or larger than any server could take.
        """
        size, rest = super().parse_chunk_size(unreader, data)
        if size > LARGEST_CHUNK:
            raise InvalidChunkSize(b"%x" % size)
        return size, rest


def refusal(status: HTTPStatus) -> bytes:
    """The whole answer, which repeats nothing of the request."""
    text = f"{status.phrase}\n"
    headers = {
        "Server": "gunicorn",
        "Date": util.http_date(),
        "Connection": "close",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(text)),
        "Cache-Control": "no-store",
        **SECURITY_HEADERS,
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{fields}\r\n{text}".encode("latin-1")


def _write_refusal(sock: Any, status: int, _reason: str, _detail: str) -> None:
    util.write_nonblock(sock, refusal(HTTPStatus(status)))


def refuse_in_the_sites_words() -> None:
    """Let gunicorn's workers of this process refuse so; it has no setting for it."""
    util.write_error = _write_refusal
    message.ChunkedReader = BoundedChunks
