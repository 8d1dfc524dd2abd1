"""`redraft eval mmhal` and `redraft eval llava-bench` against a judge on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from redraft.errors import ConfigError, ResourceError
from redraft_actors.evalcli.judge_options import default_cache
from redraft_actors.evalcli.llava_bench import llava_bench
from redraft_actors.evalcli.mmhal import mmhal

from .judge_server import Reply, served
from .test_llava_bench import published
from .test_mmhal import ROWS, written

app = typer.Typer()
app.command()(mmhal)
app.command("llava-bench")(llava_bench)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("JUDGE_KEY", "sk-secret-of-this-test")
    for name in ("OPENAI_API_KEY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, [str(one) for one in (*arguments, "--json", "--bootstrap", 100)])
    if done.exception is not None:
        raise done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def values(result: dict[str, Any]) -> dict[str, float]:
    return {figure["name"]: figure["interval"]["value"] for figure in result["figures"] if figure["interval"]}


def test_mmhal_is_judged_once_and_kept(tmp_path: Path) -> None:
    """Four answers of ten words of price: ratings 1 and 5, two of each; 4 * (100 * 1 + 10 * 2) / 1e6 = 0.00048."""
    questions, filled = written(tmp_path), tmp_path / "filled.json"
    filled.write_text(json.dumps([row | {"model_answer": f"answer {n}"} for n, row in enumerate(ROWS)]))
    lines = tmp_path / "mine.jsonl"
    lines.write_text("".join(json.dumps({"id": str(n), "text": f"answer {n}"}) + "\n" for n in range(4)))

    def script(body: dict[str, Any], place: int) -> Reply:
        odd = any(f"answer {n}\n" in body["messages"][0]["content"] for n in (1, 3))
        return Reply(f"Rating: {1 if odd else 5}")

    with served(script) as server:
        judge = ("--judge-model", "judge", "--judge-url", server.url, "--judge-key-env", "JUDGE_KEY")
        prices = ("--price-in", 1, "--price-out", 2)
        first = run("mmhal", "--questions", questions, "--answers", lines, *judge, *prices, "--out", tmp_path / "out")
        again = run("mmhal", "--questions", questions, "--answers", lines, *judge, *prices)
        whole = run("mmhal", "--questions", questions, "--answers", filled, *judge)
    assert len(server.bodies) == 5
    assert (values(first)["score"], values(first)["hallucination_rate"], first["unanswered"]) == (3, 0.5, 1)
    assert first["variant"] == "mmhal-redraft-1, judge judge, temperature 0, 1024 tokens at most"
    assert first["judge"]["cost"] == again["judge"]["cost"] == pytest.approx(0.00048)
    assert (first["judge"]["cached"], again["judge"]["cached"], whole["judge"]["cached"]) == (0, 4, 4)
    assert (whole["unanswered"], values(whole)["score"], whole["judge"]["cost"]) == (0, 3.4, None)
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == first
    assert default_cache() == tmp_path / "cache" / "redraft" / "judge.sqlite"
    kept = [default_cache(), *(tmp_path / "out").iterdir()]
    assert not [path for path in kept if b"sk-secret" in path.read_bytes()]


def test_llava_bench_in_both_orders(tmp_path: Path) -> None:
    folder, lines = published(tmp_path), tmp_path / "mine.jsonl"
    lines.write_text("".join(json.dumps({"question_id": n, "text": f"answer {n}"}) + "\n" for n in range(3)))
    with served(lambda body, place: Reply("8 6\nThe first is better.")) as server:
        judge = ("--judge-model", "judge", "--judge-url", server.url, "--judge-key-env", "none")
        cache = ("--judge-cache", tmp_path / "own.sqlite")
        arguments = ("llava-bench", "--data", folder, "--answers", lines, *judge, *cache)
        plain = run(*arguments, "--judge-reasoning")
        both = run(*arguments, "--both-orders", "--judge-reasoning")
    assert (values(plain)["relative_score"], values(both)["relative_score"]) == (75, 100)
    assert (both["judge"]["answers"], both["judge"]["cached"], len(server.bodies)) == (6, 3, 6)
    assert server.bodies[0].keys() == {"model", "messages", "max_completion_tokens"}


def test_wrong_options_are_one_sentence(tmp_path: Path) -> None:
    arguments = (
        "mmhal",
        "--questions",
        written(tmp_path),
        "--judge-model",
        "judge",
        "--answers",
        tmp_path / "no.jsonl",
    )
    with pytest.raises(ResourceError, match="OPENAI_API_KEY holds no key"):
        run(*arguments)
    with pytest.raises(ConfigError, match="the judge's options are wrong: the judge's address must hold no name") as e:
        run(*arguments, "--judge-url", "http://me:word@host/v1")
    assert "word" not in str(e.value).replace("password", "")
    with pytest.raises(ConfigError, match="give both prices"):
        run(*arguments, "--price-in", 1)
