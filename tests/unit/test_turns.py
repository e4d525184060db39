"""Turns shared by clients: the next free one goes to the waiting client that holds the fewest."""

import threading

import pytest

from portico.data.clients import client_of
from portico.data.slots import Turns

SOON_S = 10


class Asking:
    """Requests that wait for turns, each in a thread of its own, and the order in which they got one."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._got = turns, threading.Condition()
        self.order: list[str] = []

    def ask(self, client: str, number: int = 1) -> None:
        for _ in range(number):
            waiting = threading.Event()
            threading.Thread(target=self._take, args=(client, waiting), daemon=True).start()
            assert waiting.wait(SOON_S)

    def _take(self, client: str, waiting: threading.Event) -> None:
        self._turns.take(waiting.set, client)
        waiting.set()
        with self._got:
            self.order.append(client)
            self._got.notify_all()

    def wait_for(self, number: int) -> list[str]:
        with self._got:
            assert self._got.wait_for(lambda: len(self.order) >= number, SOON_S)
            return self.order


def test_newcomer_gets_a_turn_at_once_beside_one_client_with_many_requests():
    turns = Turns(4, of_one=2)
    asking = Asking(turns)
    asking.ask("a", 10)
    asking.ask("b")
    assert sorted(asking.wait_for(3)) == ["a", "a", "b"]
    assert turns.are_waited_for()


def test_clients_take_turns_though_one_asked_for_many_first():
    turns = Turns(1)
    asking = Asking(turns)
    turns.take(lambda: None, "a")
    asking.ask("a", 3)
    asking.ask("b", 2)
    for number, client in enumerate("abaab"[:4], start=1):
        turns.give_back(client if number == 1 else asking.order[-1])
        asking.wait_for(number)
    assert asking.order == ["b", "a", "b", "a"]


def test_the_site_itself_is_no_client_and_takes_all_turns():
    turns = Turns(4, of_one=2)
    for _ in range(4):
        turns.take(lambda: None)


def test_nothing_is_remembered_of_clients_who_left():
    turns = Turns(2)
    for number in range(5):
        turns.take(lambda: None, f"192.0.2.{number}")
        turns.give_back(f"192.0.2.{number}")
    assert (turns._held, turns._last) == ({}, {})


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_client_is_an_address_or_a_network_of_ipv6(address: str, client: str):
    assert client_of({"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": "203.0.113.9"}) == client
