"""Hostile requests, byte for byte.

`answers.py` has the statuses by name.
"""

from dataclasses import dataclass

HOST = b"Host: site.example\r\n"
CLOSE = b"Connection: close\r\n"
CALLBACK = b"/barchart/_dash-update-component"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: site.example\r\n\r\n"


@dataclass(frozen=True)
class Hostile:
    """A request that nobody should send."""

    name: str
    data: bytes


def get(target: bytes, *headers: bytes, method: bytes = b"GET", host: bytes = HOST) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + target + b" HTTP/1.1\r\n" + host + CLOSE + lines + b"\r\n"


def posted(*headers: bytes, body: bytes = b"", target: bytes = CALLBACK) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    head = b"POST " + target + b" HTTP/1.1\r\n" + HOST + CLOSE + b"Content-Type: application/json\r\n"
    return head + lines + b"\r\n" + body


def printed(data: bytes) -> str:
    return ascii(data)[2:-1][:40]


CHUNKED = b"Transfer-Encoding: chunked"
LENGTH = b"Content-Length: "
FRAMING = {
    "length and chunks": posted(LENGTH + b"4", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks and length": posted(CHUNKED, LENGTH + b"4", body=b"0\r\n\r\n" + SMUGGLED),
    "two codings": posted(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    "chunked twice": posted(CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "chunked, chunked": posted(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "gzip, chunked": posted(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunked, gzip": posted(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"),
    "xchunked": posted(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "identity": posted(b"Transfer-Encoding: identity", LENGTH + b"2", body=b"{}"),
    "coding in quotes": posted(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "blank before the colon of the coding": posted(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "tab before the colon of the coding": posted(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n"),
    "coding folded": posted(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"),
    "coding with a vertical tab": posted(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "coding with a zero": posted(b"Transfer-Encoding: chunked\0", body=b"0\r\n\r\n"),
    "length twice, the same": posted(LENGTH + b"2", LENGTH + b"2", body=b"{}"),
    "length twice, different": posted(LENGTH + b"2", LENGTH + b"40", body=b"{}" + SMUGGLED),
    "length as a list": posted(LENGTH + b"2, 2", body=b"{}"),
    "length with a sign": posted(LENGTH + b"+2", body=b"{}"),
    "length below zero": posted(LENGTH + b"-2", body=b"{}"),
    "length in hex": posted(LENGTH + b"0x2", body=b"{}"),
    "length with a point": posted(LENGTH + b"2.0", body=b"{}"),
    "length empty": posted(LENGTH, body=b"{}"),
    "length no number": posted(LENGTH + b"two", body=b"{}"),
    "length with an underscore": posted(LENGTH + b"1_0", body=b"{}"),
    "length in arabic digits": posted(LENGTH + "٢".encode(), body=b"{}"),
    "length beyond 64 bits": posted(LENGTH + b"9" * 30, body=b"{}"),
    "length beyond the page's limit": posted(LENGTH + b"99999999999", body=b"{}"),
    "length folded": posted(b"Content-Length:\r\n 2", body=b"{}"),
    "blank before the colon of the length": posted(b"Content-Length : 2", body=b"{}"),
    "length of a GET that hides a request": get(b"/", LENGTH + b"%d" % len(SMUGGLED)) + SMUGGLED,
    "chunks in HTTP/1.0": b"POST " + CALLBACK + b" HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n\r\n0\r\n\r\n",
}
CHUNKS = {
    "no number": b"zz\r\n{}\r\n0\r\n\r\n",
    "below zero": b"-2\r\n{}\r\n0\r\n\r\n",
    "with a sign": b"+2\r\n{}\r\n0\r\n\r\n",
    "0x": b"0x2\r\n{}\r\n0\r\n\r\n",
    "with an underscore": b"1_0\r\n" + b" " * 16 + b"\r\n0\r\n\r\n",
    "empty": b"\r\n{}\r\n0\r\n\r\n",
    "beyond 64 bits": b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "shorter than its data": b"2\r\n{}XX\r\n0\r\n\r\n",
    "with a blank before": b" 2\r\n{}\r\n0\r\n\r\n",
    "with a zero byte": b"2\0\r\n{}\r\n0\r\n\r\n",
}
FRAMING |= {f"chunk size {name}": posted(CHUNKED, body=body) for name, body in CHUNKS.items()}
LINES = {
    "bare LF between headers": b"GET / HTTP/1.1\nHost: x\nConnection: close\n\n",
    "bare CR between headers": b"GET / HTTP/1.1\r\nHost: x\rX: y\r\nConnection: close\r\n\r\n",
    "fold": get(b"/", b"X-Folded: a\r\n b"),
    "header that begins with a blank": b"GET / HTTP/1.1\r\n Host: x\r\nConnection: close\r\n\r\n",
    "header without a colon": get(b"/", b"nothing"),
    "header without a name": get(b"/", b": value"),
    "blank in a name": get(b"/", b"X Y: z"),
    "blank before a colon": get(b"/", b"X-Y : z"),
    "zero byte in a name": get(b"/", b"X\0Y: z"),
    "zero byte in a value": get(b"/", b"X-Y: a\0b"),
    "control byte in a name": get(b"/", b"X\x01Y: z"),
    "brackets in a name": get(b"/", b"X(Y): z"),
    "version 0.9": b"GET /\r\n\r\n",
    "version 1.2": b"GET / HTTP/1.2\r\n" + HOST + CLOSE + b"\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\n" + HOST + CLOSE + b"\r\n",
    "version 9.9": b"GET / HTTP/9.9\r\n" + HOST + CLOSE + b"\r\n",
    "version with a blank": b"GET / HTTP/ 1.1\r\n" + HOST + CLOSE + b"\r\n",
    "version in small letters": b"GET / http/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "no version but a blank": b"GET / \r\n" + HOST + CLOSE + b"\r\n",
    "another protocol": b"GET / ICY/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "two blanks before the target": b"GET  / HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "tab before the target": b"GET\t/ HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "blank in the target": get(b"/bar chart/"),
    "nothing but line ends": b"\r\n\r\n\r\n\r\n" + get(b"/nope"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40 + b"\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
PATHS = [
    b"//barchart/", b"///", b"//evil.example/..", b"//evil.example/%2e%2e", b"/\\evil.example", b"/%5cevil.example",
    b"/./readyz", b"/x/../readyz", b"/%2e/readyz", b"/x/%2e%2e/readyz", b"/barchart/../readyz", b"/readyz", b"/metrics",
    b"/healthz/", b"/healthz/x", b"/barchart/readyz", b"/barchart/healthz", b"/barchart/metrics", b"/.errors/404.html",
    b"/.errors/", b"/.version/barchart", b"/.version/", b"/.git/config", b"/.env", b"/nginx.conf", b"/nginx_status",
    b"/server-status", b"/console", b"/barchart/console", b"/_reload-hash", b"/barchart/_reload-hash",
    b"/barchart/_alive_x", b"/@barchart_own", b"/@site_unanswered", b"/..", b"/../..", b"/../../etc/passwd",
    b"/%2e%2e/%2e%2e/etc/passwd", b"/..%2f..%2fetc/passwd", b"/..%5c..%5cetc/passwd", b"/%c0%ae%c0%ae/etc/passwd",
    b"/%e0%80%ae%e0%80%ae/etc/passwd", b"/%252e%252e/etc/passwd", b"/%00", b"/barchart%00/", b"/pages.toml%00.css",
    b"/barchart%2f", b"/barchart;x=1/", b"/barchart/;x=1", b"/;/barchart/", b"/BARCHART/", b"/barchart./", b"/barchart%20/",
    b"/barchart%0d%0aX-Injected:1", b"/%0d%0aX-Injected:1", b"/barchart%e2%80%8b/", b"/%", b"/%zz", b"/%u002e", b"/~root",
    b"/_shared", b"/_shared/", b"/_shared/none/0000/x.js", b"/_shared/portico/0000/portico.js", b"/_shared/portico/..",
    b"/_shared/../pages.toml", b"/_shared/%2e%2e/pages.toml", b"/_shared/portico/%2e%2e/%2e%2e/pages.toml",
    b"/_shared/os/0/os.py", b"/_shared/dash/0/dash.py", b"/_shared//etc/passwd", b"/_shared/portico/x/%00.js",
    b"/assets", b"/assets/", b"/assets/../pages.toml", b"/assets/%2e%2e/pages.toml", b"/_dash-component-suites/os/os.py",
    b"/barchart/_dash-component-suites/dash/..%2f..%2fdash.py", b"/favicon.ico", b"/robots.txt", b"/x" * 9000,
]  # fmt: skip
ABSOLUTE = [b"http://evil.example/", b"http://evil.example/readyz", b"https://evil.example/nope", b"http://", b"http:///",
    b"ftp://evil.example/", b"evil.example:443", b"*", b"", b"barchart", b"?x", b"#x", b"/nope#x", b"javascript:1",
]  # fmt: skip
METHODS = [b"TRACE", b"TRACK", b"CONNECT", b"DEBUG", b"PROPFIND", b"PURGE", b"get", b"GeT", b"G" * 5000, b"GET\0", b"G(T",
    b"\xc3\x89", b"PUT", b"DELETE", b"PATCH", b"MKCOL", b"MOVE",
]  # fmt: skip
HOSTS = {
    "none": b"", "empty": b"Host:\r\n", "twice": HOST + b"Host: evil.example\r\n", "the same twice": HOST + HOST,
    "with a blank": b"Host: a b\r\n", "with a path": b"Host: site/evil\r\n", "with a user": b"Host: a@evil.example\r\n",
    "no port": b"Host: site:\r\n", "odd port": b"Host: site:x\r\n", "bytes": b"Host: \xff\xfe\r\n",
    "zero": b"Host: a\0b\r\n", "dots": b"Host: ..\r\n", "a list": b"Host: a, evil.example\r\n",
    "evil": b"Host: evil.example\r\n", "quote": b'Host: "><script>\r\n', "open bracket": b"Host: [::1\r\n",
}  # fmt: skip
CLAIMS = [
    b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Host: evil.example", b"X-Forwarded-Proto: evil.example",
    b"X-Forwarded-Prefix: //evil.example", b"X-Forwarded-Server: evil.example", b"Forwarded: host=evil.example",
    b"X-Request-ID: evil.example", b"X-Original-URL: /readyz", b"X-Rewrite-URL: /readyz", b"X-Accel-Redirect: /.errors/404.html",
    b"X-HTTP-Method-Override: DELETE", b"X-Method-Override: PUT", b"Script-Name: //evil.example", b"SCRIPT_NAME: //evil.example",
    b"X_Forwarded_Host: evil.example", b"Proxy: http://evil.example", b"Connection: X-Request-ID, X-Forwarded-For",
    b"Upgrade: h2c", b"Expect: nothing", b"Range: bytes=-1,-2,-3", b"Accept-Encoding: gzip;q=evil", b"Cookie: " + b"a" * 5000,
    b"X-Huge: " + b"a" * 40000, b"\r\n".join(b"X-%d: 1" % number for number in range(200)), b"If-None-Match: \"" + b"a" * 5000,
    b"Accept: text/html\xff", b"Accept-Language: ../../etc/passwd", b"User-Agent: () { :;}; echo", b"Referer: javascript:1",
]  # fmt: skip

REQUESTS = [
    *(Hostile(f"framing: {name}", data) for name, data in FRAMING.items()),
    *(Hostile(f"line: {name}", data) for name, data in LINES.items()),
    *(Hostile(f"path: {printed(path)}", get(path)) for path in PATHS),
    *(Hostile(f"target: {printed(target)}", get(target)) for target in ABSOLUTE),
    *(Hostile(f"method: {printed(method)}", get(b"/barchart/", method=method)) for method in METHODS),
    *(Hostile(f"host: {name}", get(b"/barchart", host=host)) for name, host in HOSTS.items()),
    *(Hostile(f"claim: {printed(claim)}", get(b"/barchart", claim)) for claim in CLAIMS),
]
