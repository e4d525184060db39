"""What people use today for pages that are apart: a stock Dash app for each on one Flask server, each with a prefix."""

from flask import Flask
from pages import barchart, home, linechart

server = Flask(__name__)
for page in (home, barchart, linechart):
    page.construct_page(server)
