"""A page for tests that says what reached it, run alone in a page's image. Nothing else is imported here."""

import json
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREAM_PAUSE_S = 1.0
SLOW_S = 0.2
seen: Counter[str] = Counter()  # requests by path


class StandIn(BaseHTTPRequestHandler):
    """Answers with the request itself; the last segment of the path chooses other behaviour."""

    protocol_version = "HTTP/1.1"
    asked = 0  # requests on this connection

    def do_GET(self):
        self.asked += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        seen[path] += 1
        name = path.rpartition("/")[2]
        special = {
            "stream": self.stream,
            "unavailable": self.unavailable,
            "cut": self.cut,
            "hangup": self.hang_up,
            "dies": self.die_once,
            "seen": self.tell,
            "slow": self.answer_slowly,
        }
        if name in special:
            special[name]()
        else:
            self.echo(body)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def echo(self, body):
        headers = {key.lower(): value for key, value in self.headers.items()}
        seen = {"method": self.command, "path": self.path, "headers": headers, "body_bytes": len(body)}
        self.answer(200, json.dumps(seen).encode())

    def unavailable(self):
        self.answer(503, b"the page's own words")

    def tell(self):
        self.answer(200, json.dumps(seen).encode())

    def die_once(self):
        """Hang up on the first request, and after it on connections that are as old: those of a process that has died."""
        if seen[self.path] == 1:
            time.sleep(2 * SLOW_S)
        if seen[self.path] > 1 and self.asked == 1:
            self.answer(200, b"{}")
        else:
            self.hang_up()

    def answer_slowly(self):
        time.sleep(SLOW_S)
        self.answer(200, b"{}")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-ID", "of the page")
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(body)

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Accel-Buffering", "no")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(2):
            self.wfile.write(f"data: {number}\n\n".encode())
            time.sleep(STREAM_PAUSE_S)

    def cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"the beginning")
        self.close_connection = True

    def hang_up(self):
        self.close_connection = True


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # with the usual 5, some of many who come at once are not taken


if __name__ == "__main__":
    Server(("", 8000), StandIn).serve_forever()
