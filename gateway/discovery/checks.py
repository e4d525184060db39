"""What a replica says of itself when it is asked as a visitor would ask: the status of its page."""

import asyncio
import json
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

from portico.config.registry import Page

# Together with the time between two checks and the second until nginx asks again, below two seconds.
TIMEOUT_S = 0.7
LONGEST_ANSWER_BYTES = 8192


class State(Enum):
    """How a replica is."""

    READY = "ready"
    UNREADY = "not ready"  # it answers, and says that the page could not show a visitor what it should
    FAILING = "failing"  # it refuses, is silent, or answers with an error
    STRANGER = "of another page"  # its address was a replica's of this page before


class Replica(NamedTuple):
    """Where a page may be asked."""

    address: str
    port: int


async def check(replica: Replica, page: Page) -> State:
    """Ask a replica for the status of a page."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            status, body = await _get(replica, page.status_path)
        said = json.loads(body) if status == HTTPStatus.OK else None
    except Exception:  # whoever listens there may answer anything, and this process names the replicas of every page
        return State.FAILING
    if status == HTTPStatus.NOT_FOUND:
        return State.STRANGER
    if not isinstance(said, dict):
        return State.FAILING
    if said.get("page", page.name) != page.name:
        return State.STRANGER
    return State.READY if said.get("ready") is True else State.UNREADY


async def _get(replica: Replica, target: str) -> tuple[int, bytes]:
    """The status and the body of an answer, which ends with the connection."""
    reader, writer = await asyncio.open_connection(replica.address, replica.port)
    try:
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {replica.address}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read(LONGEST_ANSWER_BYTES)
        while len(answer) < LONGEST_ANSWER_BYTES and (more := await reader.read(LONGEST_ANSWER_BYTES)):
            answer += more
    finally:
        writer.transport.abort()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, body
