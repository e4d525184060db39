"""The part of DNS that the gateway's name server speaks."""

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.discovery import __main__ as command
from gateway.discovery.dns import (
    HEADER,
    MOST_ADDRESSES,
    NOBODY,
    MalformedQuestion,
    Refusal,
    ask,
    read_question,
    write_answer,
    write_question,
    write_refusal,
)
from gateway.discovery.server import NameServer
from tests.processes import free_port

# What nginx sends for `barchart`: https://www.rfc-editor.org/rfc/rfc1035#section-4.1
ASKED = bytes.fromhex("1234 0100 0001 0000 0000 0000 08") + b"barchart" + bytes.fromhex("00 0001 0001")
ASKED_FOR_IPV6 = ASKED[:-4] + bytes.fromhex("001c 0001")
ADDRESSES = [IPv4Address("172.18.0.2"), IPv4Address("172.18.0.3")]


class Known:
    def __init__(self, addresses):
        self._addresses = addresses

    def addresses(self):
        return self._addresses


@contextmanager
def serving(names: NameServer):
    """Answer on a socket until the block ends, which gets its address."""

    def answer():
        datagram, caller = asked.recvfrom(4096)
        asked.sendto(names.answer(read_question(datagram)), caller)

    with socket.socket(type=socket.SOCK_DGRAM) as asked, ThreadPoolExecutor(1) as answering:
        asked.bind(("127.0.0.1", 0))
        asked.settimeout(5)
        answered = answering.submit(answer)
        yield asked.getsockname()
        answered.result()


def code_of(answer: bytes) -> int:
    return answer[3] & 0x0F


def test_question_is_read():
    question = read_question(ASKED)
    assert (question.number, question.name, question.type) == (0x1234, "barchart", 1)


def test_name_is_read_whatever_its_case():
    assert read_question(ASKED.replace(b"barchart", b"BarChart")).name == "barchart"


def test_answer_has_each_address():
    answer = write_answer(read_question(ASKED), ADDRESSES)
    assert answer == bytes.fromhex("1234 8500 0001 0002 0000 0000") + ASKED[12:] + b"".join(
        bytes.fromhex("c00c 0001 0001 00000000 0004") + address.packed for address in ADDRESSES
    )


def test_answer_without_an_address_is_one_that_nginx_asks_for_again_soon():
    answer = write_answer(read_question(ASKED), [])
    assert answer == write_answer(read_question(ASKED), [NOBODY])
    assert HEADER.unpack_from(answer)[3] == 1


@pytest.mark.parametrize(("known", "addresses"), [(Known(ADDRESSES), ADDRESSES), (Known([]), []), (Known(None), None)])
def test_who_asks_the_name_server_gets_what_is_known(known, addresses):
    with serving(NameServer({"barchart": known})) as server:
        found = ask("barchart", server, timeout=5)
    assert (found and sorted(found)) == addresses


def test_who_asks_for_a_name_that_is_no_pages_is_told_so():
    with serving(NameServer({"barchart": Known(ADDRESSES)})) as server, pytest.raises(LookupError, match="barchrt"):
        ask("barchrt", server, timeout=5)


def test_question_of_another_type_has_an_answer_without_addresses():
    answer = write_answer(read_question(ASKED_FOR_IPV6), ADDRESSES)
    assert HEADER.unpack_from(answer)[3] == 0
    assert code_of(answer) == 0


def test_answer_fits_what_nginx_reads():
    answer = write_answer(read_question(ASKED), [IPv4Address(number) for number in range(1000)])
    assert HEADER.unpack_from(answer)[3] == MOST_ADDRESSES
    assert len(answer) <= 4096


def test_own_question_is_one_that_is_read():
    question = write_question("Barchart.site.")
    sent = HEADER.pack(question.number, question.flags, 1, 0, 0, 0) + question.text
    assert read_question(sent) == question._replace(name="barchart.site")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        ASKED[:11],
        ASKED[:-1],
        ASKED[:15],
        bytes.fromhex("1234 8100") + ASKED[4:],  # an answer
        ASKED[:5] + b"\x02" + ASKED[6:],  # two questions
        ASKED[:-1] + b"\x03",  # of the class CHAOS
        ASKED[:12] + b"\xc0\x0c" + ASKED[-4:],  # a name that points at itself
    ],
)
def test_what_is_no_question_is_refused(datagram):
    with pytest.raises(MalformedQuestion):
        read_question(datagram)


@given(st.binary(max_size=600))
def test_any_datagram_is_read_or_refused(datagram):
    try:
        question = read_question(datagram)
    except MalformedQuestion:
        return
    assert write_refusal(question, Refusal.NO_SUCH_NAME)[:2] == datagram[:2]


@pytest.mark.parametrize(
    ("name", "known", "code"),
    [
        ("barchart", Known(ADDRESSES), 0),
        ("barchart", Known([]), 0),  # nginx forgets the page's replicas, and goes on asking
        ("barchart", Known(None), Refusal.NOT_KNOWN_YET),  # nginx keeps those that it has
        ("linechart", Known(ADDRESSES), Refusal.NO_SUCH_NAME),
    ],
)
def test_name_server_answers_with_what_is_known(name, known, code):
    answer = NameServer({name: known}).answer(read_question(ASKED))
    assert code_of(answer) == code
    assert HEADER.unpack_from(answer)[:1] == struct.unpack("!H", ASKED[:2])


def test_who_asks_where_nobody_answers_is_told_so(monkeypatch, capsys):
    port = free_port()
    monkeypatch.setattr(command, "PORT", port)
    monkeypatch.setattr(command, "ANSWERS_WITHIN_S", 0.1)
    assert command.main(["barchart"]) == 1
    assert capsys.readouterr().err.startswith(f"discovery: nobody answers on 127.0.0.1:{port}: ")
