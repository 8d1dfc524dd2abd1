"""The editor's modules that know words, run by a browser without any server, against what the server knows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route

import redraft_ui.editor
from redraft.records import Edit
from redraft.segments import apply_edits
from redraft_ui.annotating.kinds import suggest_type, vocabulary

from .browsing import CHROMIUM, chromium_browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

FRONTEND = Path(redraft_ui.editor.__file__).parent / "frontend"
WORDS = vocabulary()
LEXICON = [
    *WORDS.number[:9],
    *WORDS.position[:9],
    *WORDS.action[:5],
    "red",
    "cups",
    "it's",
    "😀",
    "李",
    "你好",
    ",",
    "\n",
]

Js = Callable[..., Any]


@pytest.fixture(scope="module")
def js() -> Iterator[Js]:
    """Evaluates an expression: ``text``, ``suggest`` and ``model`` are modules, ``given`` is what is passed."""

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name:
            route.fulfill(body=(FRONTEND / name).read_text(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    with chromium_browser() as browser:
        page = browser.new_page()
        page.route("http://editor.test/*", answer)
        page.goto("http://editor.test/")

        def run(expression: str, given: Any = None) -> Any:
            modules = "Promise.all(['text', 'suggest', 'model'].map((name) => import(`/${name}.js`)))"
            return page.evaluate(
                f"async (given) => {{ const [text, suggest, model] = await {modules}; {TOOLS} return {expression}; }}",
                given,
            )

        yield run


TOOLS = """
const start = (words, more = {}) =>
  new model.Model({ text: words, doubts: [], threshold: 0.5, suggest: () => "other", ...more });
const at = (words, part) => ({ start: words.indexOf(part), end: words.indexOf(part) + part.length });
"""


def texts(count: int) -> list[str]:
    draw = random.Random(0)
    return [" ".join(draw.choices(LEXICON, k=draw.randrange(1, 10))) for _ in range(count)]


def test_types_are_suggested_as_on_the_server(js: Js) -> None:
    pairs = list(zip(texts(400), reversed(texts(400)), strict=True))
    told = js("given[0].map(([a, b]) => suggest.suggester(given[1])(a, b))", [pairs, WORDS.model_dump(mode="json")])
    assert told == [suggest_type(old, new).value for old, new in pairs]


def test_edits_word_by_word_give_what_was_typed(js: Js) -> None:
    pairs = list(zip(texts(400), reversed(texts(400)), strict=True))
    told = js(
        """given.map(([old, fresh]) => text.wordEdits(old, { start: 0, end: old.length }, fresh).map((edit) => (
             { ...edit, ...new text.Positions(old).spanToPoints(edit), type: "other" })))""",
        pairs,
    )
    for (old, new), edits in zip(pairs, told, strict=True):
        assert apply_edits(old, [Edit.model_validate(edit) for edit in edits]) == new


def test_positions_count_code_points_there_and_back(js: Js) -> None:
    lines = [*texts(100), "😀😀a😀", "", "\U0001f468\u200d\U0001f469\u200d\U0001f467 x"]
    told = js(
        """given.map((line) => { const p = new text.Positions(line); const count = [...line].length;
             return Array.from({ length: count + 1 }, (_, i) => [p.toUnits(i), p.toPoints(p.toUnits(i))]); })""",
        lines,
    )
    for line, places in zip(lines, told, strict=True):
        assert places == [[len(line[:at].encode("utf-16-le")) // 2, at] for at in range(len(line) + 1)]


@pytest.mark.parametrize(
    ("words", "part", "typed", "corrected"),
    [
        ("A red cat sits.", "red", "", "A cat sits."),
        ("A red cat sits.", "A", "", "red cat sits."),
        ("A cat sits here.", "here", "", "A cat sits."),
        ("A cat sits here.", "cat", "  dog ", "A dog sits here."),
        ("One. Two.", "One.", "", "Two."),
        ("One\nTwo three", "Two", "", "One\nthree"),
        ("A cat, a dog.", ", a dog", "", "A cat."),
        ("A cat sits.", "A cat sits.", "A cat sits.", "A cat sits."),
        ("a\r\nb c", "b", "b\nd", "a\r\nb\r\nd c"),
    ],
)
def test_replacing_and_removing_leave_clean_spaces(js: Js, words: str, part: str, typed: str, corrected: str) -> None:
    made = js(
        "(() => { const m = start(given[0]); m.replace(at(given[0], given[1]), given[2]); return m.corrected; })()",
        [words, part, typed],
    )
    assert made == corrected


@pytest.mark.parametrize(
    ("behind", "typed", "corrected"),
    [
        ("cat", "big", "A cat big sits."),
        ("cat", ", black,", "A cat, black, sits."),
        ("sits", "here", "A cat sits here."),
    ],
)
def test_words_are_added_with_the_spaces_that_they_need(js: Js, behind: str, typed: str, corrected: str) -> None:
    code = """(() => { const m = start("A cat sits."); const { end } = at(m.text, given[0]);
      m.replace({ start: end, end }, given[1]);
      return [m.corrected, m.undo(), m.corrected, m.redo(), m.corrected]; })()"""
    assert js(code, [behind, typed]) == [corrected, True, "A cat sits.", True, corrected]


def test_a_change_replaces_those_that_it_covers_and_undo_brings_them_back(js: Js) -> None:
    code = """(() => { const m = start("two red cups stand here", { doubts: [{ start: 0, end: 12, score: 0.9 }] });
      m.toggleChecked(); const checked = m.marks.length;
      m.replace(at(m.text, "two"), "three"); m.replace(at(m.text, "cups"), "mugs");
      m.replace(at(m.text, "two red cups"), "a mug");
      const all = [m.corrected, m.edits.length, m.marks.length, m.open.length];
      m.undo(); return [checked, ...all, m.corrected, m.edits.length]; })()"""
    assert js(code) == [1, "a mug stand here", 1, 0, 0, "three red mugs stand here", 2]
