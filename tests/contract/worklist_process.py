"""Processes of their own that work on one store: ``worklist_process.py URL open|work|hang COUNT``.

They are forked from one that has imported everything, and start when it reads a line.
"""

from __future__ import annotations

import os
import random
import sys
import time

import alembic.command  # noqa: F401  imported here so that the forked processes do not spend their time on it
import sqlalchemy as sa

from redraft.errors import LeaseLost
from redraft.records import Answer, Edit, HallucinationType, Submission
from redraft.store import Store


def main(url: str, what: str, count: int) -> int:
    """Fork, let them go, and report the worst exit status."""
    sys.stdout.reconfigure(line_buffering=True, write_through=False)
    read, write = os.pipe()
    children = []
    for index in range(count):
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)
            run(url, what, f"ann-{index}")
            os._exit(0)
        children.append(child)
    os.close(write)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


def run(url: str, what: str, name: str) -> None:
    """One process's work."""
    with Store.open(url) as store:
        if what == "work":
            work(store, name)
        if what == "hang":
            hang(store, name)


def work(store: Store, name: str) -> None:
    """Answer tasks until none is left; print each. Nobody answers in no time, so others come to their turn."""
    rng = random.Random(name)
    while (lease := store.lease(name, 60)) is not None:
        time.sleep(rng.uniform(0, 0.02))
        answer = rng.choice([Answer.CORRECTED, Answer.CLEAN])
        try:
            submission = answer_of(lease.task.id, name, answer)
            first, again = store.submit(submission), store.submit(submission)
        except LeaseLost:
            sys.stdout.write(f"{name} lost {lease.task.id}\n")
            continue
        sys.stdout.write(f"{name} {'did' if first == again else 'differs'} {lease.task.id}\n")


def hang(store: Store, name: str) -> None:
    """Get stuck in the middle of a submission, when the line of the log is to be written."""

    def never_return(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO audit" in statement:
            print("stuck", os.getpid(), flush=True)
            time.sleep(600)

    lease = store.lease(name, 60)
    assert lease is not None
    sa.event.listen(store._db._engine, "before_cursor_execute", never_return)
    store.submit(answer_of(lease.task.id, name, Answer.CORRECTED))


def answer_of(task_id: str, name: str, answer: Answer) -> Submission:
    edits = (Edit(start=2, end=5, replacement="blue", type=HallucinationType.ATTRIBUTE),)
    nonce = f"{name}-{task_id}-nonce"
    corrected = edits if answer is Answer.CORRECTED else ()
    return Submission(nonce=nonce, task_id=task_id, annotator=name, answer=answer, edits=corrected)


sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
