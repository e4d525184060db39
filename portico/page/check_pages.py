"""`make check-pages`: build and warm every page, and print one line for each problem."""

import sys

from portico.config.errors import ConfigError
from portico.config.registry import Page
from portico.page.app import apps_of
from portico.page.loader import bare_server, mount_page, register_routes
from portico.page.site import Site, open_site
from portico.page.warmup import warm_up


def problems_of(site: Site, page: Page) -> list[ConfigError]:
    """Return the problems of a page, built on a server of its own."""
    server = bare_server(site)
    try:
        mount_page(server, site, page)
        register_routes(server)
        return [problem for app in apps_of(server) for problem in warm_up(server, app)]
    except ConfigError as error:
        return [error]


def main() -> int:
    """Print the problems after the log, which has their tracebacks; return the exit status."""
    try:
        site = open_site()
        problems = [problem for page in site.local_pages() for problem in problems_of(site, page)]
    except ConfigError as error:
        problems = [error]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
