"""Take a policy version, or people's corrections, out of a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from redraft.errors import RunError
from redraft.exchange import appearing, export_answers, exported_answers
from redraft.records import PolicyStatus
from redraft.runs import RunFolder
from redraft.store import AnswerFilter, Store


def export_policy(folder: RunFolder, out: Path, policy_id: str | None, *, corrections: bool) -> str:
    """Copy a checkpoint, its registry entry and its corrections to ``out``; a sentence that says so.

    Raises:
        RunError: if ``out`` exists, or the run has no such policy, or none but its name.
    """
    store, blobs = folder.store(), folder.blobs()
    known = {policy.id: policy for policy in store.policies()}
    promoted = store.promoted()
    chosen = known.get(policy_id) if policy_id else promoted
    if chosen is None:
        have = ", ".join(known) or "none yet"
        raise RunError(f"{folder.root} has no policy {policy_id or 'promoted'}; it has: {have}")
    if chosen.status is PolicyStatus.EXTERNAL:
        raise RunError(f"{chosen.id} wrote imported responses and is not here itself: name another policy")
    lineage = store.lineage(chosen.id)
    with appearing(out) as partial:
        shutil.copytree(blobs.path(chosen.blob), partial, dirs_exist_ok=True)
        (partial / "redraft.json").write_text(chosen.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if corrections:
            lines = [correction.model_dump_json() + "\n" for correction in lineage.corrections]
            (partial / "corrections.jsonl").write_text("".join(lines), encoding="utf-8")
    return f"Wrote {chosen.id} to {out}: a Hugging Face checkpoint, trained on {len(lineage.corrections)} corrections."


def export_data(
    folder: RunFolder,
    store: Store,
    which: AnswerFilter,
    out: Path,
    format: str,
    *,
    anonymous: bool,
    progress: Callable[[int], None],
) -> int:
    """Write answers in one of the formats of ``redraft.exchange``; how many there were.

    Raises:
        RunError: ``out`` exists.
        DataError: there are no such answers.
        StorageError: something cannot be read or written.
    """
    answers = exported_answers(store, folder.blobs(), which, anonymous=anonymous)
    return export_answers(answers, out, format, progress)
