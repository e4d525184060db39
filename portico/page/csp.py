"""The Content-Security-Policy of the site, and of a page whose inline scripts it names by their hashes."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256

from portico.config.errors import ConfigError

HEADER = "Content-Security-Policy"
# The frame's inline scripts, in every page and error. By their hashes: beside those of a page's own scripts
# a browser ignores 'inline-speculation-rules'.
PRERENDER = '{"prerender":[{"where":{"selector_matches":"a[data-rested]"},"eagerness":"immediate"}]}'  # static/navigate.js marks them
# Before the first paint, so that no other theme flashes up; static/theme.js stores the reader's choice.
THEME = (
    'try{const t=localStorage.getItem("portico-theme"),r=document.documentElement;'
    'if(t==="light"||t==="dark"){r.dataset.theme=t;r.style.colorScheme=t}}catch{}'
)
FRAME_HASHES = " ".join(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in (PRERENDER, THEME))
# Components of Dash set style attributes, and plotly.js adds style elements while it draws: a hash cannot name them.
SOURCES: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": f"'self' {FRAME_HASHES}",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",  # plotly.js draws a picture from a blob before it is saved
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "media-src": "'self'",
    "manifest-src": "'self'",
    "frame-src": "'self'",
    "worker-src": "'self'",
    "frame-ancestors": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "object-src": "'none'",
}


def content_policy(script_hashes: Iterable[str] = (), more: Mapping[str, str] | None = None) -> str:
    """Write the policy of an answer.

    Args:
        script_hashes: of the answer's inline scripts; none other runs.
        more: sources that are allowed besides, by directive, such as `{"connect-src": "https://tiles.example"}`.
    """
    more = more or {}
    added = {name: [more[name]] if name in more else [] for name in SOURCES}
    added["script-src"] += dict.fromkeys(script_hashes)
    return "; ".join(" ".join([name, _base(name, more), *added[name]]).replace("  ", " ") for name in SOURCES)


def check_sources(more: Mapping[str, str], module: str) -> None:
    """Refuse what a policy has no place for.

    Raises:
        ConfigError: a directive is unknown, or its sources would end it.
    """
    for name, sources in more.items():
        if name not in SOURCES or any(character in sources for character in ';,"\r\n'):
            problem = f"must be one of {', '.join(SOURCES)} with sources that a blank parts"
            raise ConfigError(module, "PageApp.csp", f"{name} {sources}", problem)


def _base(name: str, more: Mapping[str, str]) -> str:
    return "" if name in more and SOURCES[name] == "'none'" else SOURCES[name]
