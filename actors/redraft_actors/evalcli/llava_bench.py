"""`redraft eval llava-bench`: LLaVA-Bench (In-the-Wild)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redraft_actors.evalcli import judge_options as judging
from redraft_actors.evalcli import running

console = Console()


def llava_bench(
    data: Annotated[
        Path, typer.Option("--data", help="Folder with questions.jsonl, context.jsonl and answers_gpt4.jsonl.")
    ],
    judge_model: judging.JudgeModel,
    rule: Annotated[
        Path | None, typer.Option("--rule", help="The published rule.json, to judge in its words; default: our own.")
    ] = None,
    both_orders: Annotated[
        bool,
        typer.Option("--both-orders", help="Judge twice, each answer first once, so that no place is favoured."),
    ] = False,
    judge_url: judging.JudgeUrl = judging.URL,
    judge_key_env: judging.JudgeKeyEnv = judging.KEY_ENV,
    judge_cache: judging.JudgeCache = None,
    price_in: judging.PriceIn = None,
    price_out: judging.PriceOut = None,
    judge_reasoning: judging.JudgeReasoning = False,
    judge_max_tokens: judging.JudgeTokens = judging.TOKENS,
    judge_concurrency: judging.JudgeConcurrency = judging.CONCURRENCY,
    answers: running.AnswersOption = None,
    policy: running.PolicyOption = None,
    endpoint: running.EndpointOption = None,
    model: running.ModelOption = None,
    images: running.ImagesOption = None,
    max_new_tokens: running.TokensOption = 1024,
    batch_size: running.BatchOption = 8,
    dtype: running.DtypeOption = "float32",
    train: running.TrainOption = None,
    out: running.OutOption = None,
    name: running.NameOption = None,
    json: running.JsonOption = False,
    bootstrap: running.BootstrapOption = 2000,
    seed: running.SeedOption = 0,
) -> None:
    """LLaVA-Bench (In-the-Wild): a judge scores each answer beside a reference answer; the figure is their ratio x 100.

    Answers are JSON lines with question_id and text, as published. Example:

    redraft eval llava-bench --data llava-bench-in-the-wild --rule rule.json --answers mine.jsonl --judge-model gpt-4o
    """
    from redraft.evaluate.judging.llava_bench import LlavaBench

    choice = judging.JudgeChoice(
        judge_model,
        judge_url,
        judge_key_env,
        judge_cache,
        price_in,
        price_out,
        judge_reasoning,
        judge_max_tokens,
        judge_concurrency,
    )
    source = running.AnswerSource(
        answers, policy, endpoint, model, images, max_new_tokens, batch_size, tuple(train or ()), dtype
    )
    keep = running.Keep(out, name, json, bootstrap, seed)
    with judging.opened_judge(choice) as judge, judging.judging_bar() as progress:
        suite = LlavaBench.load(data, judge, rule=rule, both_orders=both_orders, progress=progress)
        running.run_suite(suite, source, keep, console)
