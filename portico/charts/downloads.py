"""Taking the data of a view away: as CSV for a spreadsheet, as Parquet for a program."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import chain
from unicodedata import normalize
from urllib.parse import quote

from flask import Response, request
from ibis import Schema
from werkzeug.wrappers import Response as AnyResponse

from portico.charts.form import Form
from portico.charts.protocol import TableChart, ViewData
from portico.config.registry import Page
from portico.data.client_connection import client_socket, give_up_on_silence
from portico.data.errors import Busy, Cancelled, DataError, SourceAway, TableGone
from portico.data.export.export import Batches, csv_file, parquet_file
from portico.page.app import PageApp
from portico.page.errors import error_answer
from portico.page.shell import Frame

NOT_IN_A_FILE_NAME = frozenset('/\\:*?"<>|')  # of Windows, which forbids the most
LONGEST_NAME = 120  # characters
SILENT_S = 30  # that a reader may take nothing of a file, before it is over
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # nginx takes no more than the reader does
}
# What passes by itself is a 503, after which a reader may ask again; after a 422 only for something else.
STATUSES: dict[type[DataError], HTTPStatus] = {
    TableGone: HTTPStatus.NOT_FOUND,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    SourceAway: HTTPStatus.SERVICE_UNAVAILABLE,
    Cancelled: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes:
        label: as readers see it.
        suffix: of the file and of its address.
        media_type: https://www.iana.org/assignments/media-types/
        write: makes the file of rows, a part at a time.
    """

    label: str
    suffix: str
    media_type: str
    write: Callable[[Schema, Batches], Iterator[bytes]]


FORMATS = (
    Format("CSV", "csv", "text/csv; charset=utf-8; header=present", csv_file),
    Format("Parquet", "parquet", "application/vnd.apache.parquet", parquet_file),
)


@dataclass(frozen=True)
class ExplainingFrame(Frame):
    """The frame with an error that says what a reader can do about it."""

    advice: str

    def error(self, status: HTTPStatus, page: Page | None = None) -> str:
        """Render the error; it does not try again by itself, as a file would arrive unasked."""
        return self._render(
            "error.html", status=status, heading="No data to take away", advice=self.advice, current=page, retry=None
        )


def offer_downloads(app: PageApp, chart: TableChart) -> None:
    """Let readers take the data of each view of a page away: `_data.csv` and `_data.parquet` below it.

    The address's parameters are those of the page. What goes wrong before the first byte is a page that says so;
    later, the connection is cut, so that no part is taken for the whole.
    """
    for each in FORMATS:
        address = f"{app.page.path}_data.{each.suffix}"
        app.server.add_url_rule(address, f"{app.page.name}_data_{each.suffix}", partial(_answer, app, chart, each))


def _answer(app: PageApp, chart: TableChart, kind: Format) -> AnyResponse:
    response = Response(iter(()), headers=HEADERS, content_type=kind.media_type)
    try:
        with chart.catalog.turn():  # its rows are then streamed without one
            found = chart.data(chart.ask(Form(request.args)))
        if request.method != "HEAD":
            if client := client_socket(request.environ):
                give_up_on_silence(client, SILENT_S)
            parts = _parts(chart, found, kind)
            response.call_on_close(parts.close)
            response.response = chain([next(parts)], parts)  # a part is there before the answer begins
    except DataError as error:
        return _refusal(app, error)
    name = f"{found.table.title} - {app.page.title}"
    response.headers.set("Content-Disposition", "attachment", **file_names(name, kind.suffix))
    return response


def _parts(chart: TableChart, found: ViewData, kind: Format) -> Generator[bytes, None, None]:
    query = found.values.query(found.expression, chart.catalog.dialect)
    batches = chart.catalog.batches(query)
    try:
        yield from kind.write(found.expression.schema(), batches)
    finally:
        if isinstance(batches, Generator):
            batches.close()  # the engine need not wait until somebody forgets it


def _refusal(app: PageApp, error: DataError) -> AnyResponse:
    status = STATUSES.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    frame = ExplainingFrame(app.site.registry, app.site.assets, str(error))
    return error_answer(frame, status, request, app.page, str(error))


def file_names(name: str, suffix: str) -> dict[str, str]:
    """The parameters of Content-Disposition for a file of that name: in ASCII, and as it is (RFC 8187)."""
    kept = "".join(character for character in name if character.isprintable() and character not in NOT_IN_A_FILE_NAME)
    whole = f"{' '.join(kept.split())[:LONGEST_NAME].strip(' .') or 'data'}.{suffix}"
    plain = normalize("NFKD", whole).encode("ascii", "ignore").decode().strip()
    ascii_name = plain if plain != f".{suffix}" else f"data{plain}"
    return {"filename": ascii_name} | ({} if plain == whole else {"filename*": f"UTF-8''{quote(whole)}"})
