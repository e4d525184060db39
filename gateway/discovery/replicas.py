"""The replicas of a page: those that the engine's DNS names, without those that are not well."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ipaddress import IPv4Address

from gateway.discovery.checks import Replica, State, check
from portico.config.registry import Page

logger = logging.getLogger(__name__)
CHECK_EVERY_S = 0.2
CHECK_ALONE_EVERY_S = 1.0  # of a page's only replica that is well: there is none to take its place
LOOK_UP_EVERY_S = 0.5

LookUp = Callable[[str], Awaitable[list[str] | None]]


class Replicas:
    """Follows the replicas of one page.

    A replica is left out only in favour of one that is better: where all of them fail, visitors are sent to all,
    as without discovery. An address of another page alone is never given. One that is no longer named is given for as
    long as the page answers there; while the engine's DNS is silent, those that it named last stand.
    """

    def __init__(self, page: Page, host: str, port: int, look_up: LookUp) -> None:
        self.page = page
        self._host, self._port, self._look_up = host, port, look_up
        self._named: set[str] | None = None
        self._states: dict[str, State] = {}

    def addresses(self) -> list[IPv4Address] | None:
        """Where visitors are to be sent; None until it is known: until whoever is named was asked."""
        if self._named is None or (self._named and not self._states):
            return None
        return sorted(map(IPv4Address, best(self._states)))

    async def follow(self) -> None:
        """Keep up with the page for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_names())
            tasks.create_task(self._follow_states())

    async def _follow_names(self) -> None:
        while True:
            named = await self._look_up(self._host)
            if named is not None:
                self._named = set(named)
            await asyncio.sleep(LOOK_UP_EVERY_S)

    async def _follow_states(self) -> None:
        while True:
            await self._check_all()
            alone = [*self._states.values()] == [State.READY] and self._named == {*self._states}
            await asyncio.sleep(CHECK_ALONE_EVERY_S if alone else CHECK_EVERY_S)

    async def _check_all(self) -> None:
        asked = sorted({*(self._named or ()), *self._states})
        found = await asyncio.gather(*(check(Replica(each, self._port), self.page) for each in asked))
        named = self._named or set()
        states = {
            address: state
            for address, state in zip(asked, found, strict=True)
            if address in named or state in (State.READY, State.UNREADY)
        }
        self._tell(states)
        self._states = states

    def _tell(self, states: Mapping[str, State]) -> None:
        for address in sorted({*states, *self._states}):
            before, now = self._states.get(address), states.get(address)
            if before is not now:
                logger.info("%s %s: %s", self.page.name, address, now.value if now else "gone")


def best(states: Mapping[str, State]) -> Iterable[str]:
    """The addresses of the best state that any replica is in; none of another page's."""
    for wanted in (State.READY, State.UNREADY, State.FAILING):
        found = [address for address, state in states.items() if state is wanted]
        if found:
            return found
    return []


async def look_up(host: str) -> list[str] | None:
    """The addresses that the engine's DNS has for a name; None where it does not answer."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return None if error.errno == socket.EAI_AGAIN else []
    return [str(address[0]) for *_, address in found]
