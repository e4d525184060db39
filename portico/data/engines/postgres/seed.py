r"""`python -m portico.data.engines.postgres.seed`: writes the sample as a script for psql, which `make seed` has loaded.

The script can be run again: it makes the table anew, and a role that may only read. That role gets the password in
POSTGRES_PASSWORD, where psql runs; the owner of the database is left without one, so that only who is in its
container is let in as the owner.
"""

import csv
import gzip
import sys
from collections.abc import Iterator

from portico.data.sample import SAMPLE_COLUMNS, sample_file

# psql's own commands begin with a backslash: https://www.postgresql.org/docs/17/app-psql.html
BEFORE = r"""\set ON_ERROR_STOP on
\getenv password POSTGRES_PASSWORD
SET client_min_messages = warning;
BEGIN;
SELECT 'CREATE ROLE reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') \gexec
ALTER ROLE reader LOGIN PASSWORD :'password';
ALTER ROLE CURRENT_USER PASSWORD NULL;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
DROP TABLE IF EXISTS public.gapminder;
CREATE TABLE public.gapminder (
  country text NOT NULL,
  continent text NOT NULL,
  year integer NOT NULL,
  "lifeExp" double precision NOT NULL,
  pop bigint NOT NULL,
  "gdpPercap" double precision NOT NULL,
  PRIMARY KEY (country, year)
);
COPY public.gapminder FROM STDIN (FORMAT csv);"""
AFTER = r"""\.
COMMIT;
ANALYZE public.gapminder;
SELECT count(*) AS rows FROM public.gapminder \gset
\echo :rows rows are in the table gapminder."""


def rows() -> Iterator[list[str]]:
    """Read the sample: the columns that the table has, of each of its rows."""
    with gzip.open(sample_file(), "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield [row[name] for name in SAMPLE_COLUMNS]


def main() -> None:
    print(BEFORE)
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows())
    print(AFTER)


if __name__ == "__main__":
    main()
