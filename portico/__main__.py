"""`python -m portico`: serve this process's pages on one Flask server, without a gateway."""

from portico.early_stop import exit_on_sigterm

exit_on_sigterm()

from portico.mounting import init_app  # noqa: E402 - what is imported here takes its time
from portico.server import serve  # noqa: E402 - as above

if __name__ == "__main__":
    serve(init_app)
