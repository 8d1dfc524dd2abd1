"""`redraft world`, as typed."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from typer.testing import CliRunner

from redraft.errors import ConfigError, ResourceError
from redraft_actors.cli_world import app


def test_show_draws_pictures_and_says_what_is_in_them(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    result = CliRunner().invoke(app, ["show", "--split", "dev", "--count", "5", "--out", str(out)])
    assert result.exit_code == 0
    with Image.open(out) as sheet:
        assert sheet.size == (4 * 248 + 8, 2 * 248 + 8)
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == [f"world:0:dev:{i}" for i in range(5)]
    assert "three bicycles" in lines[0]


def test_show_explains_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["show", "--out", str(tmp_path / "none" / "sheet.png")])
    assert isinstance(result.exception, ResourceError)
    assert "folder that exists" in str(result.exception)


def test_quality_prints_a_table() -> None:
    result = CliRunner().invoke(app, ["quality", "builtin:tiny", "--images", "3"])
    assert result.exit_code == 0
    assert "| recall |" in result.output and "(n = 3)" in result.output


def test_a_base_cannot_go_on_from_a_policy_and_begin_anew(tmp_path: Path) -> None:
    typed = ["train-base", str(tmp_path), "--long", "builtin:tiny", "--careless-from-start"]
    result = CliRunner().invoke(app, typed)
    assert isinstance(result.exception, ConfigError)
    assert "leave out --sight and --careless-from-start" in str(result.exception)


def test_quality_of_long_descriptions_is_asked_for_by_form() -> None:
    result = CliRunner().invoke(app, ["quality", "builtin:tiny", "--images", "1", "--form", "long"])
    assert result.exit_code == 0 and "(n = 1)" in result.output
    assert CliRunner().invoke(app, ["quality", "builtin:tiny", "--form", "epic"]).exit_code == 2
