"""The part of DNS that nginx's resolver speaks: one question for the addresses of a name, over UDP.

The format is that of https://www.rfc-editor.org/rfc/rfc1035#section-4.
"""

import secrets
import socket
import struct
from collections.abc import Sequence
from enum import IntEnum
from ipaddress import IPv4Address
from typing import NamedTuple

HEADER = struct.Struct("!6H")  # id, flags, then how many questions, answers, authorities and additional records
QUESTION = struct.Struct("!2H")  # type and class
RECORD = struct.Struct("!3HIH")  # name, type, class, seconds to live, length of the data
A, INTERNET = 1, 1
OPERATION = 0x7800
IS_ANSWER, AUTHORITATIVE, RECURSION_DESIRED = 0x8000, 0x0400, 0x0100
NAME_OF_QUESTION = 0xC000 | HEADER.size  # a pointer to it
LONGEST_LABEL = 63
CODE = 0x000F
SECONDS_TO_LIVE = 0  # nginx asks again a second after an answer has ended
IPV4_BYTES = 4
LONGEST_ANSWER_BYTES = 4096  # what nginx reads
MOST_ADDRESSES = 200  # they fit into it
# Stands for nobody: after an answer that there is no such name, nginx asks again only eleven seconds later
# (https://github.com/nginx/nginx/blob/release-1.30.4/src/core/ngx_resolver.c#L2143). This is no host's, in any network, and the
# kernel refuses to connect to it at once, without a packet.
NOBODY = IPv4Address("255.255.255.255")


class Refusal(IntEnum):
    """Why a question has no answer."""

    NOT_KNOWN_YET = 2  # nginx goes on with the addresses that it has
    NO_SUCH_NAME = 3  # of the site's pages


class MalformedQuestion(Exception):
    """A datagram is no question; one that has no header either has no answer."""


class Question(NamedTuple):
    """What was asked: the name in lower case without the last dot, and what is to be sent back of the question."""

    number: int
    flags: int
    name: str
    type: int
    text: bytes


def read_question(datagram: bytes) -> Question:
    """Read the only question of a datagram.

    Raises:
        MalformedQuestion: it is an answer, holds another number of questions, or ends before the question does.
    """
    try:
        number, flags, questions, *_ = HEADER.unpack_from(datagram)
        if flags & (IS_ANSWER | OPERATION) or questions != 1:
            raise MalformedQuestion("not one question")
        labels, end = _read_labels(datagram)
        type_, class_ = QUESTION.unpack_from(datagram, end)
    except (struct.error, IndexError) as error:
        raise MalformedQuestion("too short") from error
    if class_ != INTERNET:
        raise MalformedQuestion("of another class")
    name = b".".join(labels).decode("latin-1").lower()
    return Question(number, flags, name, type_, datagram[HEADER.size : end + QUESTION.size])


def _read_labels(datagram: bytes) -> tuple[list[bytes], int]:
    """The labels of a name, and where it ends."""
    labels, place = [], HEADER.size
    while length := datagram[place]:
        if length > LONGEST_LABEL:
            raise MalformedQuestion("a name that points elsewhere")
        labels.append(datagram[place + 1 : place + 1 + length])
        place += 1 + length
    return labels, place + 1


def write_answer(question: Question, addresses: Sequence[IPv4Address]) -> bytes:
    """Answer a question with these addresses, or `NOBODY`; one that asks for another type has an answer without any."""
    wanted = (addresses[:MOST_ADDRESSES] or [NOBODY]) if question.type == A else []
    records = (RECORD.pack(NAME_OF_QUESTION, A, INTERNET, SECONDS_TO_LIVE, IPV4_BYTES) + each.packed for each in wanted)
    return _head(question, 0, len(wanted)) + question.text + b"".join(records)


def write_refusal(question: Question, refusal: Refusal) -> bytes:
    """Say that a question has no answer."""
    return _head(question, refusal, 0) + question.text


def write_question(name: str) -> Question:
    """A question for the addresses of a name, as `text` and `number` say it."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b".") if label)
    text = labels + b"\0" + QUESTION.pack(A, INTERNET)
    return Question(secrets.randbits(16), RECURSION_DESIRED, name.lower(), A, text)


def ask(name: str, server: tuple[str, int], timeout: float) -> list[IPv4Address] | None:
    """Ask a name server that answers as `write_answer` does; None where it does not know yet.

    Raises:
        OSError: nobody answers within so many seconds.
        LookupError: the server has no such name.
    """
    question = write_question(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout)
        connection.connect(server)
        connection.send(HEADER.pack(question.number, question.flags, 1, 0, 0, 0) + question.text)
        answer = connection.recv(LONGEST_ANSWER_BYTES)
    _, flags, _, answers, *_ = HEADER.unpack_from(answer)
    if flags & CODE == Refusal.NOT_KNOWN_YET:
        return None
    if flags & CODE == Refusal.NO_SUCH_NAME:
        raise LookupError(name)
    ends = (len(answer) - number * (RECORD.size + IPV4_BYTES) for number in range(answers))
    found = (IPv4Address(answer[end - IPV4_BYTES : end]) for end in ends)
    return [address for address in found if address != NOBODY]


def _head(question: Question, code: int, answers: int) -> bytes:
    flags = IS_ANSWER | AUTHORITATIVE | (question.flags & RECURSION_DESIRED) | code
    return HEADER.pack(question.number, flags, 1, answers, 0, 0)
