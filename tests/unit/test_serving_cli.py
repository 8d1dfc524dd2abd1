"""`redraft compare`, `redraft serve` and `redraft tokens` from the command line, without Ray."""

from __future__ import annotations

import io
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

from redraft.config import Config
from redraft.errors import RedraftError
from redraft.images import load_encoded, register_images
from redraft.policy import load_policy, save_policy
from redraft.records import PolicyStatus, PolicyVersion, Role, Split, TokenKind
from redraft.runs import RunFolder
from redraft.serving import ServedVersion
from redraft.serving.comparing import marked
from redraft.world import builtin_policy, render, scene_at
from redraft_actors import cli_serve
from redraft_actors.cli import app


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose promoted version says something else than the one before, with one picture."""
    folder = RunFolder.create(
        tmp_path_factory.mktemp("runs") / "run", Config.model_validate({"policy": {"device": "cpu"}})
    )
    policy, blobs = load_policy(builtin_policy(), device="cpu"), folder.blobs()
    with folder.store() as store:
        for id, parent in (("old", None), ("new", "old")):
            staging = blobs.scratch_folder()
            save_policy(policy, staging)
            blobs.publish_folder(f"policies/{id}", staging)
            store.add_policy(
                PolicyVersion(
                    id=id,
                    round=0,
                    parent=parent,
                    dataset=None,
                    blob=f"policies/{id}",
                    status=PolicyStatus.CANDIDATE,
                    config_hash="c",
                    code_version="v",
                    seed=0,
                    created_at=0.0,
                )
            )
            store.promote(id, ["It is better."])
            with torch.no_grad():
                for parameter in policy.model.parameters():
                    parameter.mul_(0.95)
        buffer = io.BytesIO()
        render(scene_at(0, Split.POOL, 3)).save(buffer, "PNG")
        register_images(store, blobs, [load_encoded("here", buffer.getvalue())], Split.POOL)
        store.add_user("ada", Role.ANNOTATOR, actor="test")
    (folder.root / "picture.png").write_bytes(buffer.getvalue())
    return folder


def said(*arguments: str) -> str:
    """What a command prints; a mistake comes out as it is."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_two_versions_are_asked_and_their_words_marked(run: RunFolder) -> None:
    with run.store() as store:
        stored = f"redraft:image/{store.images(Split.POOL)[0].id}"
    by_file = said("compare", str(run.root), str(run.root / "picture.png"))
    assert by_file.index("old:") < by_file.index("new:")
    assert "[-" in by_file and "{+" in by_file
    assert said("compare", str(run.root), stored) == by_file
    same = said("compare", str(run.root), stored, "--versions", "new,new", "--prompt", "Is there a bus?")
    assert "Is there a bus?" in same and "Both answers are the same." in same


def test_marks_hold_the_words_that_differ() -> None:
    one, two = marked("A red cup and two plates.", "A blue cup and plates.")
    assert one == "A [-red-] cup and [-two-] plates."
    assert two == "A {+blue+} cup and plates."
    assert marked("The same.", "The same.") == ("The same.", "The same.")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare", "RUN", "nowhere.png"], "nowhere.png cannot be read"),
        (["compare", "RUN", "RUN/config.yaml"], "is not an image"),
        (["compare", "RUN", "RUN/picture.png", "--versions", "old"], "name two versions as A,B"),
        (["compare", "RUN", "RUN/picture.png", "--versions", "old,x"], "x"),
        (["serve", "RUN", "--canary", "0.5"], "name one with --candidate"),
        (["serve", "RUN", "--candidate", "x"], "x"),
        (["serve", "RUN", "--candidate", "new"], "new is promoted or was rejected"),
    ],
)
def test_a_mistake_is_one_sentence(run: RunFolder, arguments: list[str], says: str) -> None:
    with pytest.raises(RedraftError, match=says) as mistake:
        said(*(argument.replace("RUN", str(run.root)) for argument in arguments))
    assert "\n" not in str(mistake.value)


def test_a_token_opens_what_its_scope_says(run: RunFolder) -> None:
    policy = said("tokens", "new", str(run.root), "ada", "--scope", "policy").strip()
    tasks = said("tokens", "new", str(run.root), "ada").strip()
    with run.store() as store:
        for secret, opens, not_ in (
            (policy, TokenKind.POLICY, TokenKind.API),
            (tasks, TokenKind.API, TokenKind.POLICY),
        ):
            assert store.holder(secret, opens) is not None
            assert store.holder(secret, not_) is None
    assert "policy" in said("tokens", "list", str(run.root), "ada")


def test_serving_follows_the_registry(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, float]] = []

    def note(
        config: Config, dashboard: str, id: str, path: str, *, run: Path, candidate: ServedVersion | None, share: float
    ) -> None:
        asked.append((id, candidate.id if candidate else None, share))

    store, turns = run.store(), iter([lambda: None, lambda: store.roll_back("old", "It was better.", actor="ada")])

    def turn(seconds: float) -> None:
        """What people do while it serves; then Ctrl-C."""
        deed = next(turns, None)
        if deed is None:
            raise KeyboardInterrupt
        deed()

    monkeypatch.setattr("redraft_actors.cluster.ray_cluster", lambda config: nullcontext("http://nowhere"))
    monkeypatch.setattr("redraft_actors.serving.serve_policy", note)
    monkeypatch.setattr(cli_serve.time, "sleep", turn)
    with pytest.raises(KeyboardInterrupt):
        cli_serve.serve_promoted(run, "old", 0.25, Console(file=io.StringIO()))
    assert asked == [("new", "old", 0.25), ("old", None, 0.0)]
    store.roll_back("new", "Again.", actor="ada")
    store.close()
