"""Take a policy version and the corrections behind it out of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

from redraft.errors import RunError
from redraft.runs import RunFolder


def export_policy(folder: RunFolder, out: Path, policy_id: str | None, *, corrections: bool) -> str:
    """Copy a checkpoint, its registry entry and its corrections to ``out``; a sentence that says so.

    Raises:
        RunError: if ``out`` exists, or the run has no such policy.
    """
    if out.exists():
        raise RunError(f"{out} exists already: name a folder that does not")
    store, blobs = folder.store(), folder.blobs()
    known = {policy.id: policy for policy in store.policies()}
    promoted = store.promoted()
    chosen = known.get(policy_id) if policy_id else promoted
    if chosen is None:
        have = ", ".join(known) or "none yet"
        raise RunError(f"{folder.root} has no policy {policy_id or 'promoted'}; it has: {have}")
    partial = out.with_name(out.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    shutil.copytree(blobs.path(chosen.blob), partial)
    (partial / "redraft.json").write_text(chosen.model_dump_json(indent=2) + "\n")
    lineage = store.lineage(chosen.id)
    if corrections:
        lines = [correction.model_dump_json() + "\n" for correction in lineage.corrections]
        (partial / "corrections.jsonl").write_text("".join(lines), encoding="utf-8")
    partial.rename(out)
    return f"Wrote {chosen.id} to {out}: a Hugging Face checkpoint, trained on {len(lineage.corrections)} corrections."
