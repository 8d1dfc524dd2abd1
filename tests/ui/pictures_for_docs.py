"""Takes the pictures of docs/annotating.md: ``python -m tests.ui.pictures_for_docs`` from the repository's root."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image, ImageFilter
from playwright.sync_api import Locator, Page, expect

from redraft.records import Split
from redraft.world import render, scene_at

from .annotators import Annotator, Site, open_site

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
PARK = 14
TEXT = (
    "The image shows a park on a sunny day. A blue bird is flying at the top, and a tent stands to the right of it. "
    "There are three trees on the left. A green guitar and two clocks are on the right, and a dog is sleeping under "
    "the trees."
)
COLOURS = 128


def main() -> None:
    """Take all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, open_site(Path(scratch), unshaded_share=0) as site:
        on_a_desk(site)
        on_a_phone(site)


def on_a_desk(site: Site) -> None:
    """The page as it is first seen, a word being typed, a text with changes."""
    ada = beginning(site, viewport={"width": 1280, "height": 820})
    save(ada.page, "correct")
    ada.type("two trees")
    expect(ada.page.locator(".ghost")).to_contain_text("two trees")
    save(ada.page.locator(".pane"), "typing")
    ada.press("Enter")
    choose(ada, "green")
    ada.type("red")
    ada.press("Enter")
    choose(ada, "dog")
    ada.press(*["ArrowLeft"] * 3, *["Shift+ArrowRight"] * 8, "Delete")
    expect(ada.page.locator(".saved")).to_have_text("Saved")
    save(ada.page.locator(".work"), "changed")


def on_a_phone(site: Site) -> None:
    """The same page, narrow."""
    ada = beginning(site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark")
    ada.page.locator(".pane .word", has_text="three").tap()
    ada.page.locator(".pane").scroll_into_view_if_needed()
    ada.page.wait_for_timeout(500)
    save(ada.page, "phone")


def beginning(site: Site, **context: object) -> Annotator:
    """Somebody at the first of many tasks."""
    out = io.BytesIO()
    park = render(scene_at(0, Split.TEST, PARK)).filter(ImageFilter.MedianFilter(3))  # without grain: smaller files
    park.resize((720, 720), Image.Resampling.LANCZOS).save(out, "PNG")
    project, _ = site.project(TEXT, *(f"Picture {n}." for n in range(24)), unsure="three trees", data=out.getvalue())
    ada = site.annotator(project, name=None, **context)
    ada.open()
    expect(ada.text).to_have_text(TEXT)
    ada.page.wait_for_timeout(1500)
    return ada


def choose(ada: Annotator, word: str) -> None:
    """Click a word, and move the mouse out of the picture."""
    ada.page.locator(".pane .word", has_text=word).click()
    ada.page.mouse.move(2, 2)


def save(what: Page | Locator, name: str) -> None:
    """A small PNG: interfaces have few colours."""
    taken = Image.open(io.BytesIO(what.screenshot())).convert("RGB")
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
