"""Restoring a backup: what can be refused is refused first; the config, which makes a folder a run, comes last."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from redraft.backup.blob_copies import compare, put_back, read_list, require_there
from redraft.backup.files import explained, require_whole
from redraft.backup.loading import load, require_empty
from redraft.backup.manifest import RUN, Manifest, read_manifest
from redraft.backup.progress import Bar, no_bar
from redraft.blobs import Blobs, open_blobs
from redraft.config import Config, StorageConfig, load_config
from redraft.errors import DataError, RunError, StorageError
from redraft.records import Record
from redraft.store.engine import Database
from redraft.store.migrate import require_known
from redraft.store.url import parse_url, secrets_of, shown

_UNFINISHED = "restore.unfinished"
_CONFIG = "config.yaml"


class Target(Record):
    """Where a backup goes; what is None is as the backup's config says, which means in the run folder by default."""

    run: Path
    database: str | None = None
    blobs: str | None = None


class Restored(Record):
    """What was done. ``database`` is for people: it shows no password."""

    manifest: Manifest
    database: str
    blobs: str


def restore_backup(backup: Path, target: Target, *, compared: bool = True, bar: Bar = no_bar) -> Restored:
    """Make a run folder of a backup, and fill an empty database with it.

    An error leaves neither a run folder nor a row behind. Blobs that were put into a store outside the run folder stay
    there, under the same keys, for the next attempt.

    Args:
        backup: what ``take_backup`` wrote.
        target: where it goes.
        compared: whether blobs that the store has already are read, to see that they are the same.
        bar: shows progress.

    Raises:
        DataError: the backup is unfinished, damaged, or of another format.
        RunError: the run folder is taken.
        StorageError: a newer Redraft took the backup, the database is not empty, or a store lacks blobs or fails.
    """
    manifest = read_manifest(backup)
    require_known(manifest.revision, f"the backup {backup}")
    refuse_taken(target.run)
    with ExitStack() as if_it_fails, explained(target.run):
        _check(backup, manifest, bar)
        if_it_fails.callback(_empty, target.run, existed=target.run.exists())
        target.run.mkdir(parents=True, exist_ok=True)
        (target.run / _UNFINISHED).touch()
        config = _config_for(backup, target)
        database = Database(parse_url(config.storage.database or f"sqlite:///{target.run.resolve()}/redraft.db"))
        if_it_fails.callback(database.close)
        require_empty(database)
        blobs = open_blobs(config.storage.blobs_url or str(target.run.resolve() / "blobs"))
        _restore_blobs(backup, manifest, blobs, compared, bar)
        _copy_files(backup, manifest, target.run, config)
        with bar("restoring rows", manifest.rows) as advance:
            load(database, backup, manifest, advance)
        database.close()
        (target.run / f"{_CONFIG}.partial").rename(target.run / _CONFIG)
        (target.run / _UNFINISHED).unlink()
        if_it_fails.pop_all()
    return Restored(manifest=manifest, database=shown(database.url), blobs=blobs.url)


def refuse_taken(run: Path) -> None:
    """Raise RunError unless a run can be made in the folder."""
    if (run / _UNFINISHED).exists():
        raise RunError(
            f"{run} is what an interrupted restore left: delete the folder, and make the database anew if it was to be "
            "elsewhere and is not empty"
        )
    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise RunError(f"{run} is not an empty folder: name another one for the restored run")


def _check(backup: Path, manifest: Manifest, bar: Bar) -> None:
    """All but the blobs, which are checked as they are copied."""
    files = [*manifest.tables, *manifest.files, manifest.blobs]
    with bar("checking files", len(files)) as advance:
        for stored in files:
            require_whole(backup, stored)
            advance(1)
    if sum(1 for _ in read_list(backup)) != manifest.blobs.count:
        raise DataError(f"the list of blobs in the backup {backup} is not as long as the manifest says")
    if f"{RUN}/{_CONFIG}" not in {stored.path for stored in manifest.files}:
        raise DataError(f"the backup {backup} has no {RUN}/{_CONFIG}: use another backup")


def _config_for(backup: Path, target: Target) -> Config:
    """The run's config, with the places that the target names in it."""
    config = load_config(backup / RUN / _CONFIG)
    places: dict[str, object] = {}
    if target.database is not None:
        url = parse_url(target.database)
        if secrets_of(url):
            raise StorageError(
                f"{shown(url)} holds a password, and would be written into the run's config: leave it out, and let "
                "PGPASSWORD or ~/.pgpass bring it"
            )
        places["database"] = url.render_as_string()
    if target.blobs is not None:
        # Its URL says all there is to say about the store.
        places |= {"blobs": open_blobs(target.blobs).url, "s3": StorageConfig().s3}
    return config.model_copy(update={"storage": config.storage.model_copy(update=places)})


def _restore_blobs(backup: Path, manifest: Manifest, blobs: Blobs, compared: bool, bar: Bar) -> None:
    if not manifest.blobs.included:
        require_there(backup, blobs)
        if not compared:
            return
    with bar("restoring blobs" if manifest.blobs.included else "reading blobs", manifest.blobs.count) as advance:
        if manifest.blobs.included:
            put_back(backup, blobs, advance, compared=compared)
        else:
            compare(blobs, read_list(backup), advance)


def _copy_files(backup: Path, manifest: Manifest, run: Path, config: Config) -> None:
    for stored in manifest.files:
        name = stored.path.removeprefix(f"{RUN}/")
        if name != _CONFIG and name != stored.path:
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / stored.path, run / name)
    for name in ("training", "logs"):
        (run / name).mkdir(exist_ok=True)
    (run / f"{_CONFIG}.partial").write_text(config.to_yaml(), encoding="utf-8")


def _empty(run: Path, *, existed: bool) -> None:
    """Take away what was put into the folder, which held nothing."""
    for path in run.iterdir() if existed else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not existed:
        shutil.rmtree(run, ignore_errors=True)
