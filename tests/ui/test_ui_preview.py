"""What a correction would train, in words and in a policy's tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from redraft.config.training import ObjectiveConfig
from redraft.world import builtin_policy
from redraft_ui.annotating.kinds import typed
from redraft_ui.annotating.preview import preview, tokenizer_of

from .conftest import Run
from .office import swap


def test_a_preview_in_words_weighs_the_changed_ones() -> None:
    text = "There are two cups."
    shown = preview(text, typed(text, [swap(text, "two cups", "a cup")]), None, ObjectiveConfig())
    assert (shown.gamma, shown.unit) == (5.0, "word")
    assert [(p.text, p.changed) for p in shown.rejected] == [
        ("There", False),
        (" are", False),
        (" two", True),
        (" cups", True),
        (".", False),
    ]
    assert [p.text for p in shown.chosen if p.changed] == [" a", " cup"]


@pytest.mark.parametrize("text", ["There are two red cups on the table.", "A 🐈‍⬛ and e\u0301té, two cups "])
def test_a_preview_in_tokens_puts_the_texts_together(run: Run, text: str) -> None:
    run.blobs.put("policies/base/tokenizer.json", (Path(builtin_policy()) / "tokenizer.json").read_bytes())
    tokenizer = tokenizer_of(run.blobs, run.store.policy("base"))
    assert tokenizer is not None
    edits = typed(text, [swap(text, "two", "three 🐕")])
    for objective in (ObjectiveConfig(), ObjectiveConfig(preset="released")):
        shown = preview(text, edits, tokenizer, objective)
        assert shown.unit == "token" and shown.gamma == objective.gamma
        assert "".join(p.text for p in shown.rejected) == text
        assert "".join(p.text for p in shown.chosen) == text.replace("two", "three 🐕")
        assert "two" in "".join(p.text for p in shown.rejected if p.changed)
        assert "🐕" in "".join(p.text for p in shown.chosen if p.changed)
    assert not any(p.changed for p in preview(text, (), tokenizer, ObjectiveConfig()).chosen)
