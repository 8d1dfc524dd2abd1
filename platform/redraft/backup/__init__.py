"""A run on another disk: every row of its database at one moment, its blobs or a list of them, and its small files.

    OUT/tables/NAME.jsonl   a JSON object a row           OUT/run/…        config.yaml, run.json, logs of the run
    OUT/blobs.jsonl         key, size and hash of blobs   OUT/blobs/KEY    the blobs, where they were asked for
    OUT/manifest.json       what all of it must be; written last, so a folder without it is no backup

Nothing in it is ever executed or unpickled. A backup fits either kind of database, at its own schema revision and
migrated from there.

    taking.py   restoring.py, loading.py     the two directions
    manifest.py files.py                     what a backup says of itself; files that nobody else may read
    shapes.py   rows.py   blob_copies.py     the tables of a revision; rows as lines; blobs, whole folders at a time
"""

from redraft.backup.manifest import Manifest, read_manifest
from redraft.backup.progress import Bar, no_bar
from redraft.backup.restoring import Restored, Target, restore_backup
from redraft.backup.taking import take_backup

__all__ = ["Bar", "Manifest", "Restored", "Target", "no_bar", "read_manifest", "restore_backup", "take_backup"]
