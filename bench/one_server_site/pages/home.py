"""The one-server site's home: plain HTML, as Dash at `/` would take every other path too."""

from flask import Flask

from pages import PAGES

LINKS = "".join(f'<a href="{path}">{title}</a>' for title, path in PAGES.items())


def construct_page(server: Flask) -> Flask:
    @server.get("/")
    def home() -> str:
        return f"<!DOCTYPE html><nav>{LINKS}</nav><h1>Home</h1><p>Charts of the world's countries.</p>"

    return server
