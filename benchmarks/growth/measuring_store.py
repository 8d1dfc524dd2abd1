"""Measures the store: calls, readings of the loop, bytes a row. A minute or two."""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
import sqlalchemy as sa
import worklist
from private_postgresql import private_postgresql
from simulation.drawing import SENTENCE

from growth.measured import Calls, Reading, Rows
from redraft.config import Config
from redraft.records import (
    Answer,
    Arm,
    Draft,
    ImageItem,
    PolicyStatus,
    PolicyVersion,
    Response,
    ResponseScore,
    SpanScore,
    Split,
    Submission,
    Task,
    TokenTrace,
)
from redraft.records.base import Span
from redraft.responses import scored_table
from redraft.routing import fit_effort
from redraft.runs import RunFolder
from redraft.store import Store
from redraft_actors.context import RunContext
from redraft_actors.standing import loop_state

WORDS, TOKENS = 65, 86
TASKS, SECONDS, ANNOTATORS = 10_000, 8.0, 32
READ = (1000, 4000, 16_000)
ROWS = (500, 1000, 4000)
REPEATS = 5


def measure_calls() -> tuple[Calls, ...]:
    """One annotator alone, then 32 in four processes, on each database; the benchmark of the worklist does the work."""
    with private_postgresql() as server, tempfile.TemporaryDirectory(prefix="redraft-growth-") as folder:
        with sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT").connect() as connection:
            for name in ("alone", "together"):
                connection.execute(sa.text(f"CREATE DATABASE {name}"))
        return (
            _calls("sqlite", f"sqlite:///{folder}/alone.db", f"sqlite:///{folder}/together.db"),
            _calls("postgresql", f"{server}/alone", f"{server}/together"),
        )


def _calls(database: str, alone: str, together: str) -> Calls:
    works = []
    for url, annotators in ((alone, 1), (together, ANNOTATORS)):
        with Store.open(url) as store:
            worklist.fill(store, TASKS)
        options = Namespace(annotators=annotators, processes=min(4, annotators), seconds=SECONDS)
        works.append(worklist.run(url, options, limit=TASKS * 8 // 10))
    (one, one_took), (many, many_took) = works
    return Calls(
        database=database,
        lease_ms=median(one.lease_ms),
        submit_ms=median(one.submit_ms),
        alone=len(one.answered) / one_took,
        together=len(many.answered) / many_took,
        annotators=ANNOTATORS,
    )


def measure_readings() -> tuple[Reading, ...]:
    """A decision, and what a routing reads, with so many corrections that no dataset has."""
    return tuple(_reading(count) for count in READ)


def _reading(count: int) -> Reading:
    with tempfile.TemporaryDirectory(prefix="redraft-growth-") as folder:
        config = Config.model_validate({"annotate": {"by": "human"}})
        created = RunFolder.create(Path(folder) / "run", config)
        with created.store() as store:
            worklist.fill(store, count)
            _answer_all(store)
            run = RunContext(created, config, store, created.blobs())
            corrections = store.corrections()
            return Reading(
                corrections=len(corrections),
                decision_s=_median(lambda: loop_state(run)),
                effort_s=_median(lambda: fit_effort(store.corrections())),
            )


def _answer_all(store: Store) -> None:
    """Every task gets a correction, by the database, in bulk."""
    answers = (
        "INSERT INTO corrections (id, nonce, task_id, round, annotator, answer, original, corrected, edits, arm, "
        "seconds, submitted_at) SELECT 'c-' || id, 'n-' || id, id, round, 'ann-' || seq % 100, 'clean', text, text, "
        "'[]', arm, 20, seq FROM tasks WHERE state = 'open'"
    )
    edits = '[{"start":2,"end":5,"replacement":"blue","type":"attribute"}]'
    corrected = f"answer = 'corrected', seconds = 20 + seq % 9, edits = '{edits}'"
    with store._db.write() as connection:
        connection.exec_driver_sql(answers)
        connection.exec_driver_sql("UPDATE tasks SET state = 'done', free = 0, due = 0")
        connection.exec_driver_sql(f"UPDATE corrections SET {corrected}")


def _median(what: Callable[[], object]) -> float:
    """CPU seconds, which other work on the machine does not lengthen as much."""
    what()
    took = []
    for _ in range(REPEATS):
        began = time.process_time()
        what()
        took.append(time.process_time() - began)
    return median(took)


def measure_rows() -> tuple[tuple[Rows, ...], float, float]:
    """Bytes by tasks, each with response, lease and answer; ms that a draft takes; bytes of a response in its file."""
    with (
        tempfile.TemporaryDirectory(prefix="redraft-growth-") as folder,
        Store.open(f"sqlite:///{folder}/r.db") as store,
    ):
        store.add_policy(_policy())
        rows, drafts, done = [], [], 0
        for size in ROWS:
            _add(store, range(done, size))
            for number in range(done, size):
                drafts.append(_answer(store, number))
            done = size
            rows.append(Rows(tasks=size, bytes=_bytes(store)))
        file = Path(folder) / "samples.parquet"
        sampled = [_response(number) for number in range(1000)]
        pq.write_table(scored_table([(response, _score(response)) for response in sampled]), file)
        return tuple(rows), 1000 * median(drafts), file.stat().st_size / len(sampled)


def _add(store: Store, numbers: range) -> None:
    responses = [_response(number) for number in numbers]
    store.add_images([_image(response.image_id) for response in responses])
    store.add_responses(responses)
    store.add_tasks([_task(response) for response in responses])


def _answer(store: Store, number: int) -> float:
    """Lease, keep a draft, answer; seconds of the draft."""
    lease = store.lease("ann", 900)
    assert lease is not None
    began = time.perf_counter()
    store.save_draft(Draft(task_id=lease.task.id, annotator="ann", revision=1, edits=worklist.EDITS))
    took = time.perf_counter() - began
    submission = Submission(
        nonce=f"nonce-{number:06d}",
        task_id=lease.task.id,
        annotator="ann",
        answer=Answer.CORRECTED,
        edits=worklist.EDITS,
        seconds=30.0,
    )
    store.submit(submission)
    return took


def _bytes(store: Store) -> int:
    with store._db.read() as connection:
        pages, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
    return int(pages) * int(size)


def _policy() -> PolicyVersion:
    return PolicyVersion(
        id="p",
        round=0,
        parent=None,
        dataset=None,
        blob="b",
        status=PolicyStatus.PROMOTED,
        config_hash="c",
        code_version="0",
        seed=0,
        created_at=0.0,
    )


def _image(id: str) -> ImageItem:
    return ImageItem(id=id, origin=f"photos/{id}.jpg", split=Split.POOL, blob=f"images/{id}.jpg", width=640, height=480)


def _response(number: int) -> Response:
    """As long as one of RLHF-V's, with figures that do not repeat, so that they cannot be packed away."""
    text = (SENTENCE * (WORDS // len(SENTENCE.split()) + 1)).strip()
    figures = tuple(((number * TOKENS + i) * 7919 % 104_729) / 104_729 for i in range(TOKENS))
    ends = tuple(min(len(text), 3 * (i + 1)) for i in range(TOKENS))
    trace = TokenTrace(
        token_ids=tuple(range(TOKENS)),
        starts=(0, *ends[:-1]),
        ends=ends,
        logprobs=tuple(-f for f in figures),
        entropies=figures,
    )
    return Response(
        id=f"{number:032x}",
        image_id=f"{number:064x}",
        prompt="Describe this image in detail.",
        text=text,
        policy="p",
        round=1,
        sample=0,
        seed=number,
        temperature=0.9,
        top_p=1.0,
        finished=True,
        trace=trace,
    )


def _score(response: Response) -> ResponseScore:
    spans = tuple(SpanScore(span=Span(start=31 * i + 2, end=31 * i + 9), score=0.5) for i in range(9))
    return ResponseScore(response_id=response.id, score=0.5, segments=1.0, entropy=0.5, disagreement=0.5, spans=spans)


def _task(response: Response) -> Task:
    return Task(
        id=f"t{response.id}",
        round=1,
        response_id=response.id,
        image_id=response.image_id,
        prompt=response.prompt,
        text=response.text,
        spans=_score(response).spans,
        arm=Arm.RANDOM,
        priority=0.5,
        policy="p",
    )
