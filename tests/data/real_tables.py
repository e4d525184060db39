"""Twelve tables of the kinds that teams have, made anew for each run, the same each time.

Each is a list of rows in plain Python, from which the tests compute what a chart must show; `write_folder`
writes them in the formats that a data folder takes, `write_database` into PostgreSQL.
"""

import csv
import gzip
import json
import random
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

CHANCE = random.Random(42)


@dataclass(frozen=True)
class RealTable:
    """A table, the file that holds it, and the type of each column as both engines write it."""

    file: str
    types: dict[str, str]
    rows: list[tuple[Any, ...]] = field(repr=False)

    @property
    def stem(self) -> str:
        return self.file.partition(".")[0]

    def column(self, name: str) -> list[Any]:
        place = list(self.types).index(name)
        return [row[place] for row in self.rows]

    def columns(self, *names: str) -> list[tuple[Any, ...]]:
        return list(zip(*(self.column(name) for name in names), strict=True))


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def orders() -> RealTable:
    types = {
        "order_id": "BIGINT",
        "order_date": "DATE",
        "region": "TEXT",
        "product": "TEXT",
        "amount": "DOUBLE PRECISION",
    }
    regions, products = ("North", "South", "East", "West"), [f"Product {letter}" for letter in "ABCDEFGHIJ"]
    dates = days(date(2023, 1, 1), 700)
    rows = [
        (
            number,
            CHANCE.choice(dates),
            CHANCE.choice(regions),
            CHANCE.choice(products),
            round(CHANCE.uniform(5, 500), 2),
        )
        for number in range(3000)
    ]
    return RealTable("orders.csv", types, rows)


def sensors() -> RealTable:
    types = {"measured_at": "TIMESTAMP", "temperature": "DOUBLE PRECISION", "humidity": "DOUBLE PRECISION"}
    start = datetime(2024, 3, 1)
    rows = [
        (
            start + timedelta(seconds=10 * number),
            20 + CHANCE.gauss(0, 2) + (900 if number == 7777 else 0),
            CHANCE.uniform(30, 60),
        )
        for number in range(20_000)
    ]
    return RealTable("sensors.parquet", types, rows)


def stocks() -> RealTable:
    types = {"date": "DATE", "symbol": "TEXT", "close": "DOUBLE PRECISION", "volume": "BIGINT"}
    rows = [
        (day, symbol, round(100 + CHANCE.gauss(0, 10), 4), CHANCE.randrange(10**5, 10**7))
        for symbol in ("AAA", "BBB", "CCC")
        for day in days(date(2024, 1, 1), 120)
    ]
    return RealTable("stocks.csv", types, rows)


def employees() -> RealTable:
    types = {"name": "TEXT", "department": "TEXT", "salary": "BIGINT", "hired": "DATE"}
    departments = ("Sales", "Research & Development", "Support", "<b>Legal</b>")
    rows = [
        (
            f"Person {number:03}",
            CHANCE.choice(departments),
            CHANCE.randrange(30_000, 120_000),
            CHANCE.choice(days(date(2010, 1, 1), 4000)),
        )
        for number in range(250)
    ]
    return RealTable("employees.csv", types, rows)


def survey() -> RealTable:
    types = {"age_group": "TEXT", "satisfaction": "BIGINT", "comment": "TEXT"}
    groups = ("18-29", "30-44", "45-64", "65+")
    rows = [(CHANCE.choice(groups), CHANCE.randint(1, 5), f'said "{number}", twice\nand left') for number in range(400)]
    return RealTable("survey.csv", types, rows)


def weather() -> RealTable:
    types = {"station": "TEXT", "day": "DATE", "temp_max": "DOUBLE PRECISION", "rain_mm": "DOUBLE PRECISION"}
    rows = [
        (
            station,
            day,
            None if CHANCE.random() < 0.1 else round(CHANCE.gauss(12, 8), 1),
            round(CHANCE.expovariate(0.5), 1),
        )
        for station in ("Bergen", "Tromsø", "Oslo")
        for day in days(date(2023, 1, 1), 365)
    ]
    return RealTable("weather.tsv", types, rows)


def requests_served() -> RealTable:
    types = {"at": "TIMESTAMP", "path": "TEXT", "status": "BIGINT", "took_ms": "DOUBLE PRECISION"}
    start = datetime(2024, 5, 1, 12)
    paths = ("/", "/login", "/search", "/cart", "/pay")
    rows = [
        (
            start + timedelta(seconds=CHANCE.randrange(86_400)),
            CHANCE.choice(paths),
            CHANCE.choice((200, 200, 200, 404, 500)),
            round(CHANCE.expovariate(0.02), 3),
        )
        for _ in range(2500)
    ]
    return RealTable("requests_served.ndjson", types, rows)


def cities() -> RealTable:
    types = {
        "city": "TEXT",
        "country": "TEXT",
        "population": "BIGINT",
        "lat": "DOUBLE PRECISION",
        "lon": "DOUBLE PRECISION",
    }
    countries = ("Norway", "Chad", "Peru", "Côte d'Ivoire", "日本")
    rows = [
        (
            f"City {number}",
            CHANCE.choice(countries),
            CHANCE.randrange(10_000, 9_000_000),
            CHANCE.uniform(-80, 80),
            CHANCE.uniform(-170, 170),
        )
        for number in range(120)
    ]
    return RealTable("cities.json", types, rows)


def experiment() -> RealTable:
    types = {"step": "BIGINT", "loss": "DOUBLE PRECISION", "accuracy": "DOUBLE PRECISION"}
    rows = [(step, 1 / (1 + step / 50) + CHANCE.uniform(0, 0.02), step / (step + 100)) for step in range(600)]
    return RealTable("experiment.csv", types, rows)


def elections() -> RealTable:
    types = {"year": "BIGINT", "party": "TEXT", "votes": "BIGINT"}
    rows = [
        (year, party, CHANCE.randrange(1000, 900_000))
        for year in range(1981, 2022, 4)
        for party in ("Red", "Green", "Blue", "Yellow", "Orange", "Centre")
    ]
    return RealTable("elections.csv.gz", types, rows)


def tickets() -> RealTable:
    types = {"created": "TIMESTAMP WITH TIME ZONE", "urgent": "BOOLEAN", "team": "TEXT", "hours": "DECIMAL(8,2)"}
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        (
            start + timedelta(minutes=CHANCE.randrange(300_000)),
            CHANCE.random() < 0.2,
            CHANCE.choice(("Web", "Data")),
            Decimal(CHANCE.randrange(25, 9000)) / 100,
        )
        for _ in range(800)
    ]
    return RealTable("tickets.parquet", types, rows)


def tags() -> RealTable:
    rows = [(CHANCE.choice(("red", "green", "blue", "a|b", "")) or None,) for _ in range(90)]
    return RealTable("tags.csv", {"tag": "TEXT"}, rows)


MAKERS = (
    orders,
    sensors,
    stocks,
    employees,
    survey,
    weather,
    requests_served,
    cities,
    experiment,
    elections,
    tickets,
    tags,
)


def real_tables() -> dict[str, RealTable]:
    """All twelve, by name."""
    CHANCE.seed(42)
    return {table.stem: table for table in (make() for make in MAKERS)}


def write_folder(folder: Path) -> None:
    """Write every table into a folder, each in its format."""
    for table in real_tables().values():
        file = folder / table.file
        if file.suffix == ".parquet":
            _write_parquet(table, file)
        elif file.suffix in (".json", ".ndjson"):
            _write_json(table, file)
        else:
            _write_text(table, file)


def _write_text(table: RealTable, file: Path) -> None:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "wt", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t" if file.suffix == ".tsv" else ",")
        writer.writerow(table.types)
        writer.writerows(table.rows)


def _write_json(table: RealTable, file: Path) -> None:
    rows = [json.dumps(dict(zip(table.types, row, strict=True)), default=str, ensure_ascii=False) for row in table.rows]
    text = "\n".join(rows) if file.suffix == ".ndjson" else f"[{', '.join(rows)}]"
    file.write_text(text, encoding="utf-8")


def _write_parquet(table: RealTable, file: Path) -> None:
    """By way of a text file, which DuckDB reads a hundred times as fast as it takes values from Python."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in table.types.items())
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        text = Path(folder) / "table.csv"
        _write_text(table, text)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE written ({columns})")
        connection.execute(f"COPY written FROM '{text}' (HEADER)")
        connection.execute(f"COPY written TO '{file}' (FORMAT parquet)")
