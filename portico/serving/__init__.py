"""gunicorn around a WSGI callable: settings, shares of threads, proxies, the access log, draining."""
