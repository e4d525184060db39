"""Answers that leave in one piece, head and body together."""

from typing import Any

from gunicorn.http import wsgi

# A larger body is not copied behind its head; it does not fit the kernel's buffer as a whole anyway.
JOINED_BYTES = 256 * 1024


class WholeResponse(wsgi.Response):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's response, whose head waits for the first of the body.

    The stock response sends the head by itself, and other threads may run before the body follows. A
    replica that dies in between leaves half an answer, which no gateway can ask another replica for.
    """

    headers_sent: bool

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._head = b""

    def send_headers(self) -> None:
        """Write the head, to be sent with the first of the body or at the end."""
        if not self.headers_sent:
            fields = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(fields).encode("latin-1")
            self.headers_sent = True

    def write_file(self, respiter: Any) -> None:
        """Send a file, which the kernel may do by itself: the head goes first."""
        self.send_headers()
        self._send_head()
        super().write_file(respiter)

    def close(self) -> None:
        """End the answer; one without a body has nothing that its head went with."""
        self.send_headers()
        self._send_head()
        super().close()

    def _emit_body(self, data: bytes) -> None:
        framed = b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data
        if len(framed) > JOINED_BYTES:
            self._send_head()
        head, self._head = self._head, b""
        self.sock.sendall(head + framed if head else framed)

    def _send_head(self) -> None:
        head, self._head = self._head, b""
        if head:
            self.sock.sendall(head)


def send_whole_responses() -> None:
    """Let gunicorn's thread workers of this process answer so; it has no setting for it."""
    wsgi.Response = WholeResponse
