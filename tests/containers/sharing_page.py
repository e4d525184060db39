"""A page that shares its answers, as far as a gateway can tell: what it was sent, and how often it was asked.

It says what a test told it to: `PUT` of a JSON object sets the headers of the answers, the version of which the page
says that it is (`version`), with which status (`status`), how long it takes to say so (`tells_after`) and whether two must
have asked for it by then (`tells_two`), and how long an answer takes (`seconds`).
"""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

TWO = threading.Barrier(2, timeout=0.9)  # less than nginx waits for a version


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    says: ClassVar[dict] = {
        "version": "1",
        "status": 200,
        "headers": {"Cache-Control": "public, max-age=60", "X-Portico-Version": "1"},
        "seconds": 0,
        "tells_after": 0,
        "tells_two": False,
    }
    asked = told = alone = 0

    def do_GET(self) -> None:
        Page.told += 1
        time.sleep(Page.says["tells_after"])
        status = Page.says["status"]
        if Page.says["tells_two"]:
            try:
                TWO.wait()
            except threading.BrokenBarrierError:
                Page.alone += 1
        version = {"X-Portico-Version": Page.says["version"]} if status == 200 else {}
        holds = "public, max-age=1, stale-while-revalidate=1" if self.path.endswith("?version") else "no-store"
        self.answer(
            {"asked": Page.asked, "told": Page.told, "alone": Page.alone}, version | {"Cache-Control": holds}, status
        )

    def do_PUT(self) -> None:
        Page.says = {**Page.says, **json.loads(self.body())}
        self.answer({}, {})

    def do_POST(self) -> None:
        Page.asked += 1
        body, number = self.body(), Page.asked
        time.sleep(Page.says["seconds"])
        self.answer({"number": number, "digest": hashlib.sha256(body).hexdigest()}, Page.says["headers"])

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, what: dict, headers: dict, status: int = 200) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing: the gateway's log tells enough."""


ThreadingHTTPServer(("", 8000), Page).serve_forever()
