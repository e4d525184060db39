"""`python -m gateway`: serve the whole site, each page local or remote, under one domain."""

from portico.early_stop import exit_on_sigterm

exit_on_sigterm()

from gateway.app import create_gateway  # noqa: E402 - what is imported here takes its time
from portico.server import serve  # noqa: E402 - as above

if __name__ == "__main__":
    serve(create_gateway)
