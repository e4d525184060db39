"""The sample: Gapminder's countries in five-year steps from 1952 to 2007.

One row per country and year; population in persons, life expectancy at birth in years, gross domestic
product per person in international dollars of 2005 (adjusted for inflation and purchasing power).
Source: gapminder.org/data, as shipped in the plotly package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import duckdb
import ibis
import ibis.expr.types as ir

from portico.data.source import Source

YEARS = tuple(range(1952, 2008, 5))
CONTINENTS = {name: name for name in ("Africa", "Americas", "Asia", "Europe", "Oceania")}

TABLE = ibis.table(
    {
        "country": "string",
        "continent": "string",
        "year": "int64",
        "lifeExp": "float64",
        "pop": "int64",
        "gdpPercap": "float64",
    },
    name="gapminder",
)


@dataclass(frozen=True)
class Measure:
    """A number that is known of each country and year.

    `of_group` combines the countries of a group into one number, `combined` says how; `log_helps` where
    the values span powers of ten.
    """

    label: str
    unit: str
    of_group: Callable[[ir.Table], ir.Scalar]
    combined: str
    log_helps: bool

    def title(self) -> str:
        """The name with its unit, as it stands at an axis."""
        return f"{self.label} ({self.unit})"


def _weighted_by_population(column: str) -> Callable[[ir.Table], ir.Scalar]:
    return lambda table: (table[column] * table["pop"]).sum() / table["pop"].sum()


MEASURES = {
    "pop": Measure("Population", "persons", lambda table: table["pop"].sum(), "total", True),
    "lifeExp": Measure("Life expectancy", "years", _weighted_by_population("lifeExp"), "mean per person", False),
    "gdpPercap": Measure(
        "GDP per person", "int. $ of 2005", _weighted_by_population("gdpPercap"), "mean per person", True
    ),
}


@cache
def sample() -> Source:
    """The sample as a source, the same for all pages of a process."""
    return Source(_load)


@cache
def countries() -> dict[str, str]:
    """Every country's name to its label with the continent, by name."""
    rows = sample().rows(TABLE.select("country", "continent").distinct().order_by("country"))
    return {country: f"{country} ({continent})" for country, continent in rows}


def _load(connection: duckdb.DuckDBPyConnection) -> None:
    file = files("plotly") / "package_data" / "datasets" / "gapminder.csv.gz"
    connection.execute("CREATE TABLE gapminder AS SELECT * FROM read_csv(?)", [str(file)])
