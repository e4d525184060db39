"""The name server: answers from what is known of the replicas at the moment of the question."""

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Protocol, cast

from gateway.discovery.dns import MalformedQuestion, Question, Refusal, read_question, write_answer, write_refusal


class Known(Protocol):
    """Who knows the addresses of a name."""

    def addresses(self) -> list[IPv4Address] | None:
        """The addresses; None while they are not known yet."""


class NameServer(asyncio.DatagramProtocol):
    """Answers the questions of nginx's resolver.

    Args:
        names: who knows, by host name in lower case.
    """

    def __init__(self, names: Mapping[str, Known]) -> None:
        self._names = names
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            question = read_question(data)
        except MalformedQuestion:
            return  # nobody whom we serve asks so
        self._transport.sendto(self.answer(question), addr)

    def answer(self, question: Question) -> bytes:
        """What is sent back."""
        known = self._names.get(question.name)
        if known is None:
            return write_refusal(question, Refusal.NO_SUCH_NAME)
        addresses = known.addresses()
        if addresses is None:
            return write_refusal(question, Refusal.NOT_KNOWN_YET)
        return write_answer(question, addresses)
