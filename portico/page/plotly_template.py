"""The site's template for figures that a page makes with plotly: `px.bar(...)` and `go.Figure(...)` as they are.

The stock template is most of a small figure, on the wire and in time: it says for every kind of trace how it looks.
This one says what the style sheet does not, which paints text, lines and grounds in the reader's light or dark.
"""

import threading
from typing import Any

import plotly.io as pio

from portico.page.figure_style import BASE_AXIS, BASE_LAYOUT, PALETTE

NAME = "portico"
NOT_IN_A_TEMPLATE = ("height", "template")
Templates: Any = type(pio.templates)


class LeanTemplates(Templates):  # type: ignore[misc]  # plotly ships no types
    """plotly's templates, which make the site's one when a figure first asks for its template.

    To make it takes 8 MB of plotly's validators. A page that draws none of plotly's own figures, as the charts
    of tables, never does.
    """

    _waits = False  # whether the site's template is to be the default from the next look on
    _making = threading.RLock()  # plotly looks up templates while it checks one

    @property
    def default(self) -> Any:
        """The template of figures that name none."""
        self._make()
        return Templates.default.fget(self)

    @default.setter
    def default(self, value: Any) -> None:
        self._make()
        Templates.default.fset(self, value)

    def __getitem__(self, item: Any) -> Any:
        self._make()
        return super().__getitem__(item)

    def __contains__(self, item: Any) -> bool:
        self._make()
        return bool(super().__contains__(item))

    def _make(self) -> None:
        with self._making:
            if self._waits:
                self._waits = False
                self[NAME] = _template()
                self.default = NAME


def use_lean_template() -> None:
    """Make the template plotly's default; what a page sets afterwards wins."""
    pio.templates.__class__ = LeanTemplates  # not another object: a page may hold this one, with templates of its own
    pio.templates._waits = True


def _template() -> Any:
    from plotly.graph_objects import layout  # noqa: PLC0415 - and with it 8 MB

    base = {name: value for name, value in BASE_LAYOUT.items() if name not in NOT_IN_A_TEMPLATE}
    axis = {name: value for name, value in BASE_AXIS.items() if name != "fixedrange"}
    return layout.Template(layout=base | {"colorway": PALETTE, "xaxis": axis, "yaxis": axis})
