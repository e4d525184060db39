"""`python -m portico`: serve this process's pages on one Flask server, without a gateway."""

from portico.page.loader import init_app
from portico.serving.gunicorn_server import serve

if __name__ == "__main__":
    serve(init_app)
