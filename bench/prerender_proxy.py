"""A proxy in front of a site that puts the script of a measurement into its pages, and hears what that says.

Speculation rules wait for a pointer that rests on a link, and no script can move one: passed on, they say `immediate`.
"""

import http.client
import json
import queue
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("prerender.js").read_text(encoding="utf-8")
RULES = '<script type="speculationrules">{"prerender":[{"urls":["/linechart/"],"eagerness":"immediate"}]}</script>'
EAGERNESS = re.compile(r'("eagerness"\s*:\s*)"(?:conservative|moderate|eager)"')
RULES_TAG = re.compile(r'<script[^>]*type="?speculationrules"?[^>]*>.*?</script>', re.DOTALL)
OF_A_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"}
CHANGED = ("text/html", "application/speculationrules+json")

AS_IT_IS, WITHOUT, OWN = "as the site says", "without its rules", "with rules of the measurement"


@dataclass
class Proxy:
    """Where the proxy listens, and what the pages said.

    Attributes:
        rules: which speculation rules pages have: the site's own, none, or ours.
    """

    site: str
    rules: str
    address: str = ""
    told: queue.Queue[dict] = field(default_factory=queue.Queue)

    def changed(self, html: str) -> str:
        """A page with the script in it, and with the rules that were asked for."""
        own = RULES if self.rules == OWN else ""
        html = EAGERNESS.sub(r'\1"immediate"', html) if self.rules == AS_IT_IS else RULES_TAG.sub("", html)
        return html.replace("</head>", f"<script>{SCRIPT}</script>{own}</head>", 1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: Proxy, *args: Any) -> None:
        self._proxy = proxy
        super().__init__(*args)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_bench/beacon":
            self._proxy.told.put(json.loads(body))
            self._answer(204, [], b"")
        else:
            self._pass_on(body)

    def do_GET(self) -> None:
        self._pass_on(None)

    def _pass_on(self, body: bytes | None) -> None:
        document = "text/html" in self.headers.get("Accept", "") or self.headers.get("Sec-Fetch-Dest") == "document"
        left_out = OF_A_HOP | ({"accept-encoding", "if-none-match", "if-modified-since"} if document else set())
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        connection = http.client.HTTPConnection(self._proxy.site.removeprefix("http://"), timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        self._answer(answer.status, answer.getheaders(), answer.read())
        connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        given = {name.lower(): value for name, value in headers}
        if given.get("content-type", "").startswith(CHANGED) and "content-encoding" not in given:
            body = self._proxy.changed(body.decode()).encode()
            headers = [each for each in headers if each[0].lower() not in ("content-security-policy", "etag")]
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in OF_A_HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the browser was ended
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@contextmanager
def proxy_of(site: str, rules: str) -> Iterator[Proxy]:
    proxy = Proxy(site, rules)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, proxy))
    server.daemon_threads = True
    proxy.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
