"""`python -m gateway`: serve the whole site, each page local or remote, under one domain."""

from gateway.app import create_gateway
from portico.serving.gunicorn_server import serve

if __name__ == "__main__":
    serve(create_gateway)
