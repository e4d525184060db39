"""What a gateway answers to bytes, whole, as they come over the socket."""

import http.client
import io
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_S = 5
NO_HEAD = 0  # the status of an answer of HTTP/0.9, or of none
HEAD = re.compile(rb"(?:\A|\n)HTTP/1\.\d (\d{3})")


@dataclass(frozen=True)
class Reply:
    """Every byte of the replies to what was sent."""

    data: bytes

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in HEAD.findall(self.data)]

    @property
    def status(self) -> int:
        return next(iter(self.statuses), NO_HEAD)

    @property
    def headers(self) -> http.client.HTTPMessage:
        return http.client.parse_headers(io.BytesIO(self.data.partition(b"\r\n")[2]))


def exchange(site: str, data: bytes) -> Reply:
    """Send bytes and read until the gateway closes; nothing, where it waits for the rest."""
    parts = urlsplit(site)
    received = b""
    client = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S)
    with client, suppress(ConnectionError, TimeoutError):  # what is refused unread is closed at once
        client.sendall(data)
        while block := client.recv(65536):
            received += block
    return Reply(received)
