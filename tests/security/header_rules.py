"""Rules for an answer's headers, after the passive rules of OWASP ZAP (https://www.zaproxy.org/docs/alerts/).

Of its rules for headers, three are left out with a reason: Strict-Transport-Security is for whoever ends TLS in
front of the site, Cross-Origin-Embedder-Policy would keep pages from pictures that `PageApp(csp=…)` allows them and
gives what no page uses, and style-src has 'unsafe-inline' (docs/security.md).
"""

import re
from collections.abc import Callable
from http import HTTPStatus

from tests.site.visitor import Answer

Rule = Callable[[Answer], bool]
LONG_REDIRECT_BYTES = 500
VERSION = re.compile(r"/?\d+\.\d+")
# https://www.rfc-editor.org/rfc/rfc1918#section-3, as it would be printed by a service
PRIVATE_ADDRESS = re.compile(rb"\b(10\.\d+\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|192\.168\.\d+\.\d+)\b")
TRACE = re.compile(rb"Traceback|File \"/|site-packages|werkzeug|gunicorn/|nginx/\d|X-Debug", re.IGNORECASE)
OF_THE_INSIDE = ("X-Powered-By", "X-Backend-Server", "X-Debug-Token", "X-ChromeLogger-Data", "X-Portico-Build", "Via")
ALONE = ("default-src", "script-src", "object-src", "base-uri", "frame-ancestors", "form-action")


def directives(answer: Answer) -> dict[str, list[str]]:
    """The sources that the Content-Security-Policy gives to each directive."""
    policy = answer.headers.get("Content-Security-Policy", "")
    return {name: sources for name, *sources in (part.split() for part in policy.split(";") if part.strip())}


def sent(name: str, value: str) -> Rule:
    """The header is there, once, with this value."""
    return lambda answer: answer.headers.get_all(name) == [value]


def runs_own_scripts_only(answer: Answer) -> bool:
    sources = directives(answer).get("script-src", ["*"])
    return all(source == "'self'" or source.startswith("'sha256-") for source in sources)


def has_no_wide_source(answer: Answer) -> bool:
    wide = {"*", "http:", "https:", "'unsafe-eval'"}
    return not [source for sources in directives(answer).values() for source in sources if source in wide]


def has_each_directive_that_has_no_default(answer: Answer) -> bool:
    return directives(answer).keys() >= set(ALONE)


def has_a_type_with_its_charset(answer: Answer) -> bool:
    if not answer.body:
        return True
    text = answer.media_type.startswith("text/")
    return "Content-Type" in answer.headers and (not text or answer.headers.get_content_charset() == "utf-8")


def error_is_not_kept(answer: Answer) -> bool:
    return answer.status < HTTPStatus.BAD_REQUEST or answer.headers["Cache-Control"] == "no-store"


def kept_for_ever_only_by_digest(answer: Answer) -> bool:
    long = "immutable" in answer.headers.get("Cache-Control", "")
    return not long or answer.status == HTTPStatus.OK


def says_no_version(answer: Answer) -> bool:
    return not VERSION.search(answer.headers.get("Server", "")) and not [
        x for x in OF_THE_INSIDE if x in answer.headers
    ]


def leads_nowhere_else(answer: Answer) -> bool:
    place = answer.headers.get("Location", "/")
    return place.startswith("/") and not place.startswith("//") and "\\" not in place


def redirect_holds_nothing(answer: Answer) -> bool:
    return "Location" not in answer.headers or len(answer.body) < LONG_REDIRECT_BYTES


def tells_nothing_of_the_inside(answer: Answer) -> bool:
    return not PRIVATE_ADDRESS.search(answer.body) and not (
        answer.status >= HTTPStatus.BAD_REQUEST and TRACE.search(answer.body)
    )


RULES: dict[str, Rule] = {
    "10021 X-Content-Type-Options": sent("X-Content-Type-Options", "nosniff"),
    "10020 X-Frame-Options": sent("X-Frame-Options", "SAMEORIGIN"),
    "10020 frame-ancestors": lambda answer: directives(answer).get("frame-ancestors") == ["'self'"],
    "10025 Referrer-Policy": sent("Referrer-Policy", "strict-origin-when-cross-origin"),
    "10063 Permissions-Policy": lambda answer: "camera=()" in answer.headers.get("Permissions-Policy", ""),
    "10038 Content-Security-Policy, once": lambda answer: (
        len(answer.headers.get_all("Content-Security-Policy", [])) == 1
    ),
    "10055 scripts": runs_own_scripts_only,
    "10055 wide sources": has_no_wide_source,
    "10055 directives without a default": has_each_directive_that_has_no_default,
    "90004 Cross-Origin-Opener-Policy": sent("Cross-Origin-Opener-Policy", "same-origin"),
    "90004 Cross-Origin-Resource-Policy": sent("Cross-Origin-Resource-Policy", "same-origin"),
    "10098 no other site may read": lambda answer: "Access-Control-Allow-Origin" not in answer.headers,
    "10010, 10011, 10054 no cookie": lambda answer: "Set-Cookie" not in answer.headers,
    "10036, 10037, 10039, 10052, 10056 versions": says_no_version,
    "10019, 90011 Content-Type": has_a_type_with_its_charset,
    "10015 errors": error_is_not_kept,
    "10049 kept for ever": kept_for_ever_only_by_digest,
    "10028 redirects": leads_nowhere_else,
    "10044 big redirects": redirect_holds_nothing,
    "2, 10023 the inside": tells_nothing_of_the_inside,
}


def broken_rules(answer: Answer) -> list[str]:
    """The rules that an answer breaks, by number and name."""
    return [name for name, holds in RULES.items() if not holds(answer)]
