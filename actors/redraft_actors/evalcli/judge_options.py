"""What every suite with a judge shares: which judge, where its answers are kept, and its prices.

The key is read from an environment variable and is no option, so that it stands in no shell history.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from redraft.errors import ConfigError
from redraft.evaluate.judging.options import OPENAI_KEY, OPENAI_URL, JudgeOptions
from redraft.evaluate.judging.protocol import Progress

if TYPE_CHECKING:
    from redraft.evaluate.judging.client import OpenAIJudge

JudgeModel = Annotated[
    str, typer.Option("--judge-model", help="Name of the model that judges, as its server calls it.")
]
JudgeUrl = Annotated[
    str, typer.Option("--judge-url", help="OpenAI-compatible server of the judge, as http://host:8000/v1.")
]
JudgeKeyEnv = Annotated[
    str,
    typer.Option("--judge-key-env", help="Environment variable that holds the judge's key; none if it wants no key."),
]
JudgeCache = Annotated[
    Path | None,
    typer.Option(
        "--judge-cache",
        help="SQLite file of the judge's answers, so that none is paid for twice; default: a user's own.",
    ),
]
PriceIn = Annotated[
    float | None, typer.Option("--price-in", min=0, help="Price of a million prompt tokens, in a currency of yours.")
]
PriceOut = Annotated[
    float | None, typer.Option("--price-out", min=0, help="Price of a million completion tokens, in the same.")
]
JudgeReasoning = Annotated[
    bool,
    typer.Option(
        "--judge-reasoning",
        help="The judge is a reasoning model: no temperature, and max_completion_tokens instead of max_tokens.",
    ),
]
JudgeTokens = Annotated[int, typer.Option("--judge-max-tokens", min=1, help="Where an answer of the judge is cut off.")]
JudgeConcurrency = Annotated[
    int, typer.Option("--judge-concurrency", min=1, max=64, help="Questions to the judge in flight.")
]

URL, KEY_ENV, TOKENS, CONCURRENCY = OPENAI_URL, OPENAI_KEY, 1024, 4
"""Defaults of the options."""


@dataclass(frozen=True)
class JudgeChoice:
    """The options above, as they were given."""

    model: str
    url: str = URL
    key_env: str = KEY_ENV
    cache: Path | None = None
    price_in: float | None = None
    price_out: float | None = None
    reasoning: bool = False
    max_tokens: int = TOKENS
    concurrency: int = CONCURRENCY

    def options(self) -> JudgeOptions:
        """Checked.

        Raises:
            ConfigError: an address that holds a secret or is none, or one price without the other.
        """
        try:
            return JudgeOptions(
                model=self.model,
                base_url=self.url,
                key_env=None if self.key_env.lower() in ("", "none") else self.key_env,
                temperature=None if self.reasoning else 0.0,
                max_tokens=self.max_tokens,
                limit_name="max_completion_tokens" if self.reasoning else "max_tokens",
                price_in=self.price_in,
                price_out=self.price_out,
                concurrency=self.concurrency,
            )
        except ValidationError as e:
            told = e.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
            raise ConfigError(f"the judge's options are wrong: {told}") from None


@contextmanager
def opened_judge(choice: JudgeChoice) -> Iterator[OpenAIJudge]:
    """The judge, with its cache.

    Raises:
        ConfigError: the options are wrong.
        ResourceError: there is no key.
        StorageError: the cache cannot be used.
    """
    from redraft.evaluate.judging.cache import AnswerCache
    from redraft.evaluate.judging.client import OpenAIJudge

    options = choice.options()
    with AnswerCache(choice.cache or default_cache()) as cache:
        judge = OpenAIJudge(options, cache)
        try:
            yield judge
        finally:
            judge.close()


@contextmanager
def judging_bar() -> Iterator[Progress]:
    """A bar on standard error for the judge's answers; it appears with the first of them."""
    from redraft_actors.evalcli.asking import asking_bar

    with asking_bar() as bar:
        task = bar.add_task("judging", total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=done < total)

        yield show


def default_cache() -> Path:
    """``redraft/judge.sqlite`` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "redraft" / "judge.sqlite"
