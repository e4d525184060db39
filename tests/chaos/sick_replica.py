"""A replica of a page that can fall ill: the real page, behind a door that misbehaves when it is told to.

Run alone in the page's image, where the page itself listens on loopback. What stands in the file SICKNESS is how it behaves
from the next request on. The page is asked whatever becomes of its answer: an effect that nobody hears of is an effect.
"""

import http.client
import socket
import struct
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SICKNESS = Path("/tmp/sickness")
PAGE = ("127.0.0.1", 8001)
DOOR = ("", 8000)
HEAD = {"connection", "transfer-encoding", "content-length"}  # of one connection, and so not passed on
TIMES_SLOWER = 10
POLL_S = 0.05


class Door(BaseHTTPRequestHandler):
    """Passes a request to the page, and its answer back, or does what the sickness says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        begin = time.monotonic()
        answer = self.ask_the_page(body)
        getattr(self, sickness())(*answer, time.monotonic() - begin)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def ask_the_page(self, body):
        page = http.client.HTTPConnection(*PAGE)
        page.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HEAD:
                page.putheader(name, value)
        page.putheader("Content-Length", str(len(body)))
        page.endheaders(body)
        answer = page.getresponse()
        found = answer.status, [each for each in answer.getheaders() if each[0].lower() not in HEAD], answer.read()
        page.close()
        return found

    def well(self, status, headers, body, _took):
        self.say(status, headers, body, len(body))

    def slow(self, status, headers, body, took):
        time.sleep(took * (TIMES_SLOWER - 1))
        self.well(status, headers, body, took)

    def storm(self, _status, _headers, _body, _took):
        self.say(500, [("Content-Type", "text/plain")], b"storm\n", 6)

    def reset(self, status, headers, body, _took):
        """Half of the body, and a reset."""
        self.say(status, headers, body[: len(body) // 2], len(body))
        self.drop()

    def drop(self, *_answer):
        """A reset, as of a process that died."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def hang(self, *_answer):
        while sickness() == "hang":
            time.sleep(POLL_S)
        self.close_connection = True

    def say(self, status, headers, body, length):
        self.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(length))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        """Nothing: the gateway's log tells enough."""


class Doors(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_args):
        """Nothing: a gateway that hung up is no news here."""


def sickness():
    return SICKNESS.read_text().strip()


def page_listens():
    with socket.socket() as probe:
        return probe.connect_ex(PAGE) == 0


if __name__ == "__main__":
    SICKNESS.write_text("well")
    service = subprocess.Popen([sys.executable, "-m", "portico"])
    while not page_listens():
        if service.poll() is not None:
            sys.exit("the page did not start")
        time.sleep(POLL_S)
    print("Listening at the door", flush=True)
    Doors(DOOR, Door).serve_forever()
