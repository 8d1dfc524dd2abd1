"""A run's store and blobs with a few answered tasks about pictures of the picture world."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from redraft import world
from redraft.blobs import Blobs, open_blobs
from redraft.exchange import Checked, Importer, IncomingRows, Into, export_answers, exported_answers, select_answers
from redraft.images import load_encoded, register_images
from redraft.records import (
    MAIN_PROJECT,
    Answer,
    Arm,
    Correction,
    Edit,
    HallucinationType,
    Mark,
    PolicyStatus,
    PolicyVersion,
    Response,
    Span,
    Split,
    Submission,
    Task,
    TokenTrace,
)
from redraft.sources import SourcePair
from redraft.store import Store

PROMPT = "Describe this image in detail."
TEXTS = (
    "Two red cups \U0001f600 stand on the left.",
    "A dog sleeps at the bottom.",
    "Nothing is wrong here.",
    "A known text.",
)
LIMIT = 10**6


@dataclass
class Run:
    """A store, its blobs, and short ways to fill them."""

    store: Store
    blobs: Blobs
    nonces: int = 0

    @classmethod
    def make(cls, folder: Path) -> Run:
        folder.mkdir()
        (folder / "redraft.db").write_bytes(_migrated())
        run = cls(Store.open(f"sqlite:///{folder}/redraft.db"), open_blobs(str(folder / "blobs")))
        run.policy("base", PolicyStatus.PROMOTED)
        return run

    def policy(self, id: str, status: PolicyStatus, parent: str | None = None, dataset: str | None = None) -> None:
        self.store.add_policy(
            PolicyVersion(
                id=id,
                round=0,
                parent=parent,
                dataset=dataset,
                blob=f"policies/{id}",
                status=status,
                config_hash="",
                code_version="",
                seed=0,
                created_at=0.0,
            )
        )

    def task(self, name: str, text: str, index: int) -> Task:
        """A task about the picture number ``index`` of the pool."""
        origin = world.origin(0, Split.POOL, index)
        loaded = load_encoded(origin, picture(index))
        register_images(self.store, self.blobs, [loaded], Split.POOL)
        response = Response(
            id=f"response-{name}",
            image_id=loaded.id,
            prompt=PROMPT,
            text=text,
            policy="base",
            round=1,
            sample=0,
            seed=0,
            temperature=0.9,
            top_p=1.0,
            finished=True,
            trace=TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=()),
        )
        task = Task(
            id=name,
            round=1,
            response_id=response.id,
            image_id=loaded.id,
            prompt=PROMPT,
            text=text,
            spans=(),
            arm=Arm.RANDOM,
            priority=1 - index / 10,
            policy="base",
        )
        self.store.add_responses([response])
        self.store.add_tasks([task])
        return task

    def submission(
        self, task: Task, annotator: str, answer: Answer, edits: Sequence[Edit], **more: object
    ) -> Submission:
        self.nonces += 1
        fields = {
            "nonce": f"nonce-{self.nonces:04d}",
            "task_id": task.id,
            "annotator": annotator,
            "answer": answer,
            "edits": tuple(edits),
            "seconds": 12.5,
            "elapsed": 20.0,
        }
        return Submission.model_validate(fields | more)

    def answer(self, annotator: str, answer: Answer, *edits: Edit, **more: object) -> Correction:
        """The annotator's answer to their next task."""
        lease = self.store.lease(annotator, 60)
        assert lease is not None
        return self.store.submit(self.submission(lease.task, annotator, answer, edits, **more))

    def export(self, out: Path, format: str, **selection: object) -> list[int]:
        """What progress was told."""
        told: list[int] = []
        anonymous = bool(selection.pop("anonymous", False))
        which = select_answers(self.store, **selection)  # type: ignore[arg-type]
        export_answers(exported_answers(self.store, self.blobs, which, anonymous=anonymous), out, format, told.append)
        return told

    def importer(self, *, annotator: str | None = None, as_tasks: bool = False, fits: str | None = None) -> Importer:
        def answer(pair: SourcePair) -> str | None:
            return fits

        into = Into(MAIN_PROJECT, 1, annotator, as_tasks)
        return Importer(self.store, self.blobs, into, max_pixels=LIMIT, actor="test", fits=answer)

    def take(self, path: Path, **how: object) -> tuple[Checked, int, int]:
        """Check and import; what was found, how many came, how many were known."""
        rows = IncomingRows(path, max_pixels=LIMIT)
        importer = self.importer(**how)  # type: ignore[arg-type]
        checked = importer.check(rows, lambda n: None)
        done = importer.take(rows, lambda n: None)
        return checked, done.added, done.known


@cache
def _migrated() -> bytes:
    """A database without content; migrating takes longer than most tests."""
    with TemporaryDirectory() as folder:
        Store.open(f"sqlite:///{folder}/redraft.db").close()
        return Path(folder, "redraft.db").read_bytes()


def picture(index: int) -> bytes:
    """A picture of the pool as the loop stores it."""
    buffer = io.BytesIO()
    world.render(world.scene_at(0, Split.POOL, index)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def plain_picture(colour: str = "red") -> bytes:
    """A picture that is nobody's."""
    buffer = io.BytesIO()
    Image.new("RGB", (24, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


def edit(text: str, old: str, new: str, kind: HallucinationType = HallucinationType.NUMBER) -> Edit:
    """Put ``new`` in place of ``old``."""
    start = text.index(old)
    return Edit(start=start, end=start + len(old), replacement=new, type=kind)


def mark(text: str, words: str) -> Mark:
    """Words that were checked and are right."""
    start = text.index(words)
    return Mark(span=Span(start=start, end=start + len(words)))


def annotated(folder: Path) -> Run:
    """A run in which ann reopened an answer, bob was reviewed by rev, and a clean, a gold and a skipped answer are."""
    run = Run.make(folder)
    tasks = [run.task(f"task-{i}", text, i) for i, text in enumerate(TEXTS)]
    first = run.answer("ann", Answer.CORRECTED, edit(TEXTS[0], "Two", "Four"))
    again = edit(TEXTS[0], "left", "right", HallucinationType.POSITION), edit(TEXTS[0], "Two", "Three")
    marks = (mark(TEXTS[0], "red"),)
    run.store.revise(first.id, run.submission(tasks[0], "ann", Answer.CORRECTED, again, marks=marks, shaded=False))
    run.answer("bob", Answer.CORRECTED, edit(TEXTS[1], "A dog", "A cat", HallucinationType.OBJECT))
    review = edit(TEXTS[1], "sleeps", "stands", HallucinationType.ACTION)
    run.store.review(run.submission(tasks[1], "rev", Answer.CORRECTED, [review]))
    run.answer("ann", Answer.CLEAN)
    run.answer("bob", Answer.SKIPPED)
    return run
