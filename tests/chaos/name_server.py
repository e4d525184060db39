"""A name server in the place of Docker's, in the network of one container: `python name_server.py silent|empty NAME…`.

Run as root in that network's namespace, on the standard library alone. It answers as Docker's does, but for the names: for those
it says nothing, or that there is no address. No name means all of them. At the end, Docker's is asked again.
"""

import signal
import socket
import struct
import subprocess
import sys

DOCKERS = ("127.0.0.11", 53)
OURS, ASKING = ("127.0.0.11", 5300), ("127.0.0.1", 5301)
PATIENCE_S = 2
ROW = [
    *("OUTPUT", "--table", "nat", "--protocol", "udp", "--destination", DOCKERS[0], "--dport", str(DOCKERS[1])),
    *("!", "--sport", str(ASKING[1]), "--jump", "DNAT", "--to-destination", f"{OURS[0]}:{OURS[1]}"),
]
# Of linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h: a message that deletes every flow.
NETLINK_NETFILTER, DELETE_FLOWS, REQUEST_AND_ACK = 12, (1 << 8) | 2, 1 | 4
FORGET_ALL = struct.pack("=IHHIIBBH", 20, DELETE_FLOWS, REQUEST_AND_ACK, 1, 0, socket.AF_INET, 0, 0)


def main(mode: str, names: set[str]) -> None:
    """Answer until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with socket.socket(type=socket.SOCK_DGRAM) as asked, socket.socket(type=socket.SOCK_DGRAM) as asking:
        asked.bind(OURS)
        asking.bind(ASKING)
        asking.settimeout(PATIENCE_S)
        try:
            redirect("--insert")
            print("answering", flush=True)
            while True:
                query, caller = asked.recvfrom(4096)
                if answer := answer_to(query, mode, names, asking):
                    asked.sendto(answer, caller)
        finally:
            redirect("--delete")


def answer_to(query: bytes, mode: str, names: set[str], asking: socket.socket) -> bytes:
    """What is said to a query; nothing if it is not answered."""
    if names and name_of(query) not in names:
        asking.sendto(query, DOCKERS)
        try:
            return asking.recv(4096)
        except TimeoutError:
            return b""
    return no_address(query) if mode == "empty" else b""


def name_of(query: bytes) -> str:
    """The name that is asked for: https://www.rfc-editor.org/rfc/rfc1035#section-4.1.2"""
    labels, place = [], 12
    while length := query[place]:
        labels.append(query[place + 1 : place + 1 + length].decode().lower())
        place += 1 + length
    return ".".join(labels)


def no_address(query: bytes) -> bytes:
    """The answer that a name has no address: no error, and no record."""
    question_end = query.index(b"\0", 12) + 5
    return query[:2] + struct.pack(">HHHHH", 0x8180, 1, 0, 0, 0) + query[12:question_end]


def redirect(how: str) -> None:
    """Begin or end that queries come here; flows that exist would go on where they went."""
    subprocess.run(["iptables", "--wait", how, *ROW], check=True)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        kernel.send(FORGET_ALL)
        kernel.recv(4096)


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
