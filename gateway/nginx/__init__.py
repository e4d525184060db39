"""The nginx gateway: its configuration and the files that it serves itself, made from `pages.toml`.

`python -m gateway.nginx FOLDER` writes both; the Dockerfile's target `gateway` puts them into the image.
"""
