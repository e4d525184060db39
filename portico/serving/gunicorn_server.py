"""Serving: from a WSGI application to a gunicorn that listens, warm before its socket opens.

The application is built in this process, so that what is wrong with the site is one line and an exit
code, and the socket exists only once every page has answered its first requests.
"""

import errno
import gc
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from portico.config.errors import EXIT_CONFIG, ConfigError
from portico.config.log_lines import write_one_line_each
from portico.config.settings import ENVIRONMENT, Settings
from portico.page.site import Site, open_site
from portico.serving.access_log import JsonAccessLog
from portico.serving.client_share import with_client_share
from portico.serving.forwarded import with_trusted_proxy

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# The grace that a stopping worker gives its requests; compose's stop_grace_period is longer.
GRACEFUL_TIMEOUT_S = 25
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat files, opened without a name
MAX_HEADER_BYTES = 16 * 1024  # of one header; the size of the nginx gateway's buffers
MAX_REQUEST_LINE_BYTES = 8190  # gunicorn's own maximum
JITTER_SHARE = (
    5  # max_requests varies by up to a fifth, so that workers that started together do not all restart at once
)
KEEPALIVE_S = 75  # longer than the gateway keeps an idle connection, so that the gateway closes first


class WarmServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn around an application that is built already."""

    def __init__(self, application: "WSGIApplication", settings: Settings) -> None:
        self._application = application
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for key, value in gunicorn_options(self._settings).items():
            self.cfg.set(key, value)

    def load(self) -> "WSGIApplication":
        return self._application


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """gunicorn's options for a service or a gateway."""
    return {
        "bind": f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}",
        "preload_app": True,
        "worker_class": "gthread",
        "workers": settings.workers,
        "max_requests": settings.worker_requests,
        "max_requests_jitter": settings.worker_requests // JITTER_SHARE,
        "threads": settings.all_threads(),
        "keepalive": KEEPALIVE_S,
        "graceful_timeout": GRACEFUL_TIMEOUT_S,
        "limit_request_line": MAX_REQUEST_LINE_BYTES,
        "limit_request_field_size": MAX_HEADER_BYTES,
        "forwarded_allow_ips": "",  # portico/serving/forwarded.py trusts proxies; gunicorn's default is loopback
        "accesslog": "-",
        "logger_class": JsonAccessLog,
        "control_socket_disable": True,
        # a disk that is slow must not look like a worker that hangs
        "worker_tmp_dir": str(MEMORY_FOLDER) if MEMORY_FOLDER.is_dir() else None,
    }


def serve(build: Callable[[Site], "WSGIApplication"]) -> None:
    """Build an application of the site and serve it until SIGTERM; exit with one line if it cannot be.

    Args:
        build: builds the application, every page in it warm.
    """
    write_one_line_each()
    try:
        site = open_site()
        check_port_is_free(site.settings)
        shared = with_client_share(build(site), site, site.settings.threads_of_one_client())
        application = with_trusted_proxy(shared, site.settings.trusted_proxy)
    except ConfigError as error:
        print(f"portico: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    gc.collect()
    gc.freeze()  # what was built stays shared with the workers: a collection would write to its pages
    WarmServer(application, site.settings).run()


def check_port_is_free(settings: Settings) -> None:
    """Raise ConfigError if this process cannot listen where it is to, as when somebody else does."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise _cannot_listen(settings, error) from None


def _cannot_listen(settings: Settings, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        problem = f"is taken by another program on {settings.host}; choose another with PORT="
        return ConfigError(ENVIRONMENT, "PORT", settings.port, problem)
    if error.errno == errno.EACCES:
        return ConfigError(ENVIRONMENT, "PORT", settings.port, "is not for this user; choose one above 1023 with PORT=")
    return ConfigError(ENVIRONMENT, "HOST", settings.host, f"cannot be listened on: {error.strerror}")
