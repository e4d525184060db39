"""Take the README's pictures of a running site: `python docs/screenshots.py http://localhost:8080`."""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parent / "images"
SIZE = {"width": 1280, "height": 800}
# A picture's name, the page, and what is there when it is drawn.
PICTURES = {
    "home": ("/", ".page-state[data-state=up]"),
    "barchart": ("/barchart/?top=10", "#chart .ytick text"),
    "linechart": ("/linechart/", "#chart .ytick text"),
}


def main(site: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport=SIZE)
        for name, (path, drawn) in PICTURES.items():
            picture(page, f"{site.rstrip('/')}{path}", drawn, FOLDER / f"{name}.png")
        chromium.close()


def picture(page: Page, address: str, drawn: str, file: Path) -> None:
    """Write a page as it stands when all of it is drawn."""
    page.goto(address)
    page.locator(drawn).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=True)
    print(f"{file.relative_to(Path.cwd())}: {file.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main(*sys.argv[1:])
