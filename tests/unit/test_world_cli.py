"""`redraft world`, as typed."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from typer.testing import CliRunner

from redraft.errors import ResourceError
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
