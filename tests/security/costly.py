"""Requests of at most 16 KB that look for what costs a gateway most: long and repetitive headers, paths and bodies."""

import random
from collections.abc import Iterator

TARGETS = [
    "/",
    "/healthz",
    "/barchart/",
    "/linechart/_status",
    "/_shared/none/0000/x.js",
    "/nope",
    "/barchart/?table=x",
]
CALLBACK = "/barchart/_dash-update-component"
HEADERS = [
    "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection", "Content-Type", "Cookie",
    "Forwarded", "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer", "TE", "User-Agent", "Via", "X-Forwarded-For",
    "X-Forwarded-Host", "X-Forwarded-Proto", "X-Anything",
]  # fmt: skip
PIECES = [
    "0", "9", "1.", ".", " ", ",", ", ", ";", "; ", "=", "br", "br;q=0.", "gzip;q=", "gzip, ", "q=0.0", "*/", "text/html,", "text/",
    "application/", "a", "a=b; ", "a=", '"', '\\"', "%", "%2", "%41", "/", "//", "../", "?", "&", "a=1&", "#", "@", "[", ":", "::1,",
    "127.0.0.1, ", "-", "0-1,", "no-", "W/\"", "W/\"a\",", "(", "\t", "bytes=0-0,", "\xe9", "boundary=", "charset=",
]  # fmt: skip
BODIES = [
    "[",
    '{"a":',
    "0,",
    '"',
    "\\u0000",
    "a=b&",
    "%41",
    "--x\r\n",
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n',
    "1e9",
]
TYPES = ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"]


def head(method: str, target: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]).encode(
        "latin-1"
    )


def known_worst() -> Iterator[bytes]:
    """Shapes that were costly once, or that are known to be in other servers."""
    digits = f"br;q=0.{'0' * 3900}"
    for target in (*TARGETS, "/_shared/portico/0000/portico.css"):
        yield head("GET", target, *[f"Accept-Encoding: {digits}"] * 4)
        yield head("GET", target, f"Accept-Encoding: {'br ,' * 3900}")
        yield head("GET", target, f"Accept: {'text/html;q=0.1,' * 950}")
        yield head("GET", target, f"Cookie: {'a=b; ' * 3000}")
        yield head("GET", target, *[f"X-{number}: {number}" for number in range(80)])
    yield head("GET", "/" + "%41" * 5000)
    yield head("GET", "/" + "../a/" * 3000)
    yield posted(
        "multipart/form-data; boundary=x",
        ('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 280).encode(),
    )
    yield posted("application/json", b"[" * 15000)
    yield chunked(b"1\r\na\r\n" * 2600)


def posted(media_type: str, body: bytes, target: str = CALLBACK) -> bytes:
    return head("POST", target, f"Content-Type: {media_type}", f"Content-Length: {len(body)}") + body


def chunked(chunks: bytes, target: str = CALLBACK) -> bytes:
    return head("POST", target, "Content-Type: application/json", "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"


def made_up(seed: int) -> Iterator[bytes]:
    """Requests without end, the same for the same seed."""
    chance = random.Random(seed)
    makes = [_headers, _headers, _headers, _path, _body]
    while True:
        yield chance.choice(makes)(chance)


def _repetition(chance: random.Random, pieces: list[str], length: int) -> str:
    """A text of this length: a few pieces again and again, and now and then another end, where a match fails late."""
    unit = "".join(chance.choices(pieces, k=chance.randint(1, 3)))
    text = (unit * (length // len(unit) + 1))[:length]
    return text + chance.choice(["", "", "x", "!", "\x80", ","])


def _headers(chance: random.Random) -> bytes:
    left = chance.choice([500, 2000, 8000, 15000])
    count = chance.choice([1, 1, 2, 4, 20])
    names = [chance.choice(HEADERS)] * count if chance.random() < 0.5 else chance.choices(HEADERS, k=count)
    lines = [f"{name}: {_repetition(chance, PIECES, left // count).strip()}" for name in names]
    return head(chance.choice(["GET", "GET", "HEAD", "POST", "OPTIONS"]), chance.choice(TARGETS), *lines)


def _path(chance: random.Random) -> bytes:
    rest = _repetition(chance, [each for each in PIECES if each.strip() == each], chance.choice([100, 4000, 15000]))
    return head(
        "GET", chance.choice(["/", "/barchart/", "/_shared/", "/barchart/?", "/linechart"]) + rest.replace(" ", "")
    )


def _body(chance: random.Random) -> bytes:
    body = _repetition(chance, BODIES, chance.choice([100, 4000, 15000])).encode("latin-1")
    if chance.random() < 0.2:  # in chunks of one byte, of some or of all
        size = chance.choice([1, 10, len(body)])
        blocks = [body[at : at + size] for at in range(0, min(len(body), 2500 * size), size)]  # 6 bytes each
        return chunked(b"".join(b"%x\r\n%b\r\n" % (len(block), block) for block in blocks))
    return posted(chance.choice(TYPES), body, chance.choice([CALLBACK, "/nope", "/healthz"]))
