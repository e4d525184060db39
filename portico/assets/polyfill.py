"""Of the polyfill that Dash brings, what a browser of today lacks.

Dash's scripts begin with core-js, which looks for each feature of the language and takes longer for that than all of Dash's
other scripts together. The browsers that plotly.js and React take have all of it; what none has is the runtime of
generators that were compiled, `regeneratorRuntime`, of which Dash's lazy components are made. (`setImmediate`, which is in it too,
nothing calls that has not looked whether it is there.)
"""

from pathlib import Path

RUNTIME = b"try{regeneratorRuntime="
MODULE = b":[function("  # as browserify begins each, after its number


def generator_runtime(polyfill: Path) -> bytes | Path:
    """The module of the polyfill that is needed, as a script; the whole where it is not found."""
    script = polyfill.read_bytes()
    named = script.find(RUNTIME)
    begin = script.rfind(MODULE, 0, max(named, 0))
    end = script.find(b",{}]", named)  # it needs no other module
    if begin < 0 or end < 0:
        return polyfill
    return b"(%b)(0, {exports: {}});" % script[begin + len(b":[") : end]
