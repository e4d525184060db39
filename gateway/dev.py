"""`python -m gateway.dev`: the whole site from one process that starts again when a file changes.

For development only: it is werkzeug's server, it listens before the pages are warm, and it shows errors.
"""

import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import is_running_from_reloader, run_simple
from werkzeug.wrappers import Response

from gateway.app import create_gateway
from portico.config.errors import EXIT_CONFIG, ConfigError
from portico.config.registry import REGISTRY_FILE
from portico.config.settings import Settings
from portico.page.site import open_site
from portico.serving.gunicorn_server import check_port_is_free

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WATCHED = ("services/**/*.py", "portico/static/*", "portico/templates/*")


def main() -> None:
    """Serve until interrupted; a page that cannot be built is an answer, and built again when it changes."""
    try:
        settings = open_site().settings
        if not is_running_from_reloader():  # the socket outlives a restart
            check_port_is_free(settings)
    except ConfigError as error:
        print(f"portico: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    application = _build() if is_running_from_reloader() else Response()
    files = [str(file) for file in watched_files(settings)]
    run_simple(settings.host, settings.port, application, use_reloader=True, extra_files=files, threaded=True)


def watched_files(settings: Settings) -> list[Path]:
    """What is read apart from imported modules, and pages that could not be imported."""
    folder = settings.site_folder
    return [folder / REGISTRY_FILE, *(file for pattern in WATCHED for file in sorted(folder.glob(pattern)))]


def _build() -> "WSGIApplication":
    try:
        site = open_site()
        return create_gateway(replace(site, settings=replace(site.settings, dev=True)))
    except Exception as error:
        traceback.print_exc()
        return Response(f"portico: {error}\n", status=500, content_type="text/plain; charset=utf-8")


if __name__ == "__main__":
    main()
