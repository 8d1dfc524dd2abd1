"""A small real run: a SQLite store and blobs in a temporary folder, with a few tasks that wait for people."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import streamlit as st
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from redraft.blobs import Blobs, content_key
from redraft.config import Config
from redraft.records import (
    MAIN_PROJECT,
    Arm,
    Evaluation,
    ImageItem,
    Interval,
    Phase,
    PolicyStatus,
    PolicyVersion,
    Response,
    Span,
    SpanScore,
    Split,
    Task,
    TokenTrace,
    Verdict,
    stable_id,
)
from redraft.runs import RunFolder
from redraft.store import Store

from .office import Office, People

TEXTS = (
    "There are two red cups on the table. A cat sleeps on the left.",
    "A green tree stands in the middle. There is a dog at the bottom.",
    "<b>Bold</b> <script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> **stars** $x$ :red[words]",
)


@dataclass(frozen=True)
class Run:
    """A run folder with its store and blobs opened by the test itself."""

    root: Path
    store: Store
    blobs: Blobs

    def add_policy(self, name: str, number: int, parent: str | None) -> None:
        """A policy version; the one without a parent is promoted."""
        self.store.add_policy(
            PolicyVersion(
                id=name,
                round=number,
                parent=parent,
                dataset=None,
                blob=f"policies/{name}",
                status=PolicyStatus.CANDIDATE if parent else PolicyStatus.PROMOTED,
                config_hash="0" * 12,
                code_version="test",
                seed=0,
                created_at=0.0,
            )
        )

    def add_task(
        self,
        text: str,
        priority: float = 0.5,
        unsure: str = "",
        data: bytes | None = None,
        project: str = MAIN_PROJECT,
        prompt: str = "Describe this image in detail.",
    ) -> Task:
        """An image, a response about it and a task; the word ``unsure`` in the text is marked."""
        data = png(text) if data is None else data
        key = content_key("images", data, ".png")
        self.blobs.put(key, data)
        image = ImageItem(id=stable_id(data), origin="test", split=Split.POOL, blob=key, width=96, height=96)
        empty = TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=())
        response = Response(
            id=stable_id("response", project, text),
            image_id=image.id,
            prompt=prompt,
            text=text,
            policy="base",
            round=1,
            sample=0,
            seed=0,
            temperature=0.9,
            top_p=1.0,
            finished=True,
            trace=empty,
        )
        at = text.index(unsure)
        task = Task(
            id=stable_id("task", project, text),
            round=1,
            response_id=response.id,
            image_id=image.id,
            prompt=response.prompt,
            text=text,
            spans=(SpanScore(span=Span(start=at, end=at + len(unsure)), score=0.9),) if unsure else (),
            arm=Arm.UNCERTAIN,
            priority=priority,
            policy="base",
            project=project,
        )
        self.store.add_images([image])
        self.store.add_responses([response])
        self.store.add_tasks([task])
        return task

    def measure(self, policy: str, rate: float, recall: float = 0.95) -> None:
        """A test-split evaluation of a policy."""
        self.store.add_evaluation(
            Evaluation(
                policy=policy,
                split=Split.TEST,
                responses=1000,
                response_rate=interval(rate),
                mention_rate=interval(rate / 4),
                recall=interval(recall),
                mean_words=Interval(value=40, low=39, high=41),
                question_accuracy=None,
                by_type={},
                by_scene={},
                over_generalisation=(),
                blob="outcomes",
            )
        )


def interval(value: float) -> Interval:
    """An estimate give or take three points."""
    return Interval(value=value, low=value - 0.03, high=min(value + 0.03, 1.0))


def png(seed: str, size: int = 96) -> bytes:
    """A small picture of coloured discs that depends on ``seed``."""
    picture = Image.new("RGB", (size, size), "#dfe8f0")
    draw = ImageDraw.Draw(picture)
    digits = stable_id(seed)
    for at in range(4):
        x, y = (int(digits[2 * at + k], 16) * size // 20 for k in (0, 1))
        draw.ellipse((x, y, x + size // 4, y + size // 4), fill=f"#{digits[6 * at % 18 :][:6]}")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@cache
def _migrated_database() -> bytes:
    """A database without content, because migrating one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        Store.open(f"sqlite:///{folder}/redraft.db").close()
        return (Path(folder) / "redraft.db").read_bytes()


@contextmanager
def new_run(root: Path, **annotate: Any) -> Iterator[Run]:
    """A run without tasks, whose first policy is in place."""
    config = Config.model_validate({"name": "ui", "annotate": {"by": "human", **annotate}})
    folder = RunFolder.create(root, config)
    (folder.root / "redraft.db").write_bytes(_migrated_database())
    with folder.store() as store:
        made = Run(folder.root, store, folder.blobs())
        made.add_policy("base", 0, None)
        yield made


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run without tasks, whose first policy is in place."""
    with new_run(tmp_path / "run") as made:
        yield made
    st.cache_resource.clear()


@pytest.fixture
def tasks(run: Run) -> list[Task]:
    """Three tasks, the last of them hostile, in the order in which they are handed out."""
    run.store.begin_round(1, Phase.ANNOTATING, "base")
    unsure = ("two red cups", "dog", "Bold")
    return [
        run.add_task(text, priority=1 - at / 10, unsure=word)
        for at, (text, word) in enumerate(zip(TEXTS, unsure, strict=True))
    ]


@pytest.fixture
def rounds(run: Run, tasks: list[Task]) -> None:
    """Two finished rounds, the second one's candidate rejected, and a third under way."""
    run.measure("base", 0.505, 0.939)
    for number, (rate, promoted) in enumerate([(0.254, True), (0.262, False)], start=1):
        parent = "base" if number == 1 else "policy-1"
        candidate = f"policy-{number}"
        run.store.begin_round(number, Phase.ANNOTATING, parent)
        run.add_policy(candidate, number, parent)
        run.measure(candidate, rate)
        reasons = () if promoted else ("recall fell by 2.1 points",)
        verdict = Verdict(
            candidate=candidate, incumbent=parent, promoted=promoted, difference=interval(-0.1), reasons=reasons
        )
        run.store.add_verdict(number, run.store.settle(verdict))
        run.store.advance(number, Phase.ANNOTATING, Phase.DONE, candidate=candidate, promoted=promoted)
    run.store.begin_round(3, Phase.TRAINING, "policy-1")


@pytest.fixture
def office(run: Run, tasks: list[Task]) -> Office:
    """The desks of the run with three tasks."""
    return Office(run)


@pytest.fixture
def people(office: Office) -> People:
    """Clients of the office's API."""
    return People(office)


@pytest.fixture
def ada(people: People) -> Iterator[TestClient]:
    """An annotator's browser."""
    with people("ada") as client:
        yield client
