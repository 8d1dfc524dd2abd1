"""The correction editor without a browser: what Streamlit is given, and what the package ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import redraft_ui.editor
from redraft.records import HallucinationType
from redraft_ui.annotating.guidelines import EXAMPLES, GUIDELINES, RULES
from redraft_ui.editor.component import Advance, _advance

FRONTEND = Path(redraft_ui.editor.__file__).parent / "frontend"
SOURCES = {file.name: file.read_text() for file in sorted(FRONTEND.iterdir())}


def test_everything_that_is_imported_is_shipped() -> None:
    wanted = {
        name
        for text in SOURCES.values()
        for name in re.findall(r'(?:from|@import) (?:url\()?"(?:\./)?([\w.-]+)"', text)
    }
    assert wanted == set(SOURCES) - {"index.js", "editor.css"}


def test_text_never_becomes_markup() -> None:
    ways = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|eval\(|Function\("
    )
    assert [name for name, text in SOURCES.items() if ways.search(text)] == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert [name for name, text in SOURCES.items() if "://" in text] == []


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        (None, None),
        ({"task": "t", "correction": "c"}, Advance(task="t", correction="c")),
        ({"task": "t", "correction": None}, Advance(task="t")),
        ({"task": 7}, None),
        ({"task": "t", "role": "admin"}, None),
        ("<script>", None),
    ],
)
def test_a_browser_can_tell_anything(told: object, understood: Advance | None) -> None:
    assert _advance(told) == understood


def test_every_type_has_an_example_and_every_example_mends_something() -> None:
    assert {example.type for example in EXAMPLES} == set(HallucinationType)
    assert all(example.wrong != example.right for example in EXAMPLES)
    assert all(rule in GUIDELINES for rule in RULES)
