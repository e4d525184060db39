"""The sample: Gapminder's countries in five-year steps from 1952 to 2007.

One row per country and year; population in persons, life expectancy at birth in years, gross domestic
product per person in international dollars of 2005 (adjusted for inflation and purchasing power).
Source: gapminder.org/data, as shipped in the plotly package.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from portico.data.descriptions import Description, read_description
from portico.data.tables import Table

SAMPLE = "gapminder"
SAMPLE_COLUMNS = ("country", "continent", "year", "lifeExp", "pop", "gdpPercap")
DESCRIPTION = Path(__file__).with_name("gapminder.toml")


@cache
def sample_file() -> Path:
    """Where the sample lies: in the plotly package, which every page needs anyway."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("plotly")
    return Path(spec.origin).resolve().parent / "package_data" / "datasets" / "gapminder.csv.gz"


def described(table: Table) -> Table:
    """Return a table with the labels, units and views of the sample if it is the sample, wherever it lies.

    It is when "gapminder" is a part of its name ("gapminder.csv", "public.gapminder") and it has the sample's columns.
    """
    if SAMPLE not in table.name.split(".") or not table.columns.keys() >= set(SAMPLE_COLUMNS):
        return table
    return _description().of(table)


@cache
def _description() -> Description:
    return read_description(DESCRIPTION.read_bytes(), DESCRIPTION.name)
