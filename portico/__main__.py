"""`python -m portico`: serve this process's pages on one Flask server, without a gateway."""

from portico.mounting import init_app
from portico.server import serve

if __name__ == "__main__":
    serve(init_app)
