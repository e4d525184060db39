"""`python -m gateway.nginx FOLDER`: write what the gateway's image holds."""

import sys
from pathlib import Path

from gateway.nginx.render import write_gateway
from portico.assets import SharedAssets
from portico.config.errors import EXIT_CONFIG, ConfigError
from portico.config.registry import read_registry
from portico.config.settings import site_folder

EXIT_USAGE = 64  # EX_USAGE of sysexits.h


def main(arguments: list[str]) -> int:
    """Write the gateway of the site that this process was started in."""
    if len(arguments) != 1:
        print("usage: python -m gateway.nginx FOLDER", file=sys.stderr)
        return EXIT_USAGE
    try:
        folder = site_folder()
        registry = read_registry(folder)
    except ConfigError as error:
        print(f"gateway.nginx: {error}", file=sys.stderr)
        return EXIT_CONFIG
    write_gateway(registry, SharedAssets.of_site(folder), Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
