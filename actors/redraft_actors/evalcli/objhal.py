"""`redraft eval objhal`: Object HalBench, and over-generalisation by scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft.errors import ConfigError, ResourceError
from redraft_actors.evalcli import judge_options as judging
from redraft_actors.evalcli import running
from redraft_actors.evalcli.showing import interval

if TYPE_CHECKING:
    from redraft.evaluate.objhal import AnswersGiven, Extractor, ObjHal, OverGeneralisation

console = Console()


def objhal(
    instances: Annotated[Path, typer.Option("--instances", help="Boxes in COCO's format, as instances_val2014.json.")],
    captions: Annotated[
        Path, typer.Option("--captions", help="Reference captions in COCO's format, as captions_val2014.json.")
    ],
    per_answer: Annotated[
        Path | None, typer.Option("--per-answer", help="Write each answer's objects to this file, as JSON lines.")
    ] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="Measure over-generalisation by scene, too.")] = False,
    draw: Annotated[
        int | None, typer.Option("--draw", min=1, help="Ask about this many images, drawn by --seed; default: all.")
    ] = None,
    prompts: Annotated[
        int, typer.Option("--prompts", min=1, max=8, help="How many of the 8 published prompts each image is asked.")
    ] = 1,
    extract: Annotated[
        bool, typer.Option("--extract", help="Have --judge-model list the objects, in place of the word list.")
    ] = False,
    judge_model: Annotated[
        str | None, typer.Option("--judge-model", help="With --extract: the judge's name, as its server calls it.")
    ] = None,
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
    max_new_tokens: running.TokensOption = 512,
    batch_size: running.BatchOption = 8,
    dtype: running.DtypeOption = "float32",
    train: running.TrainOption = None,
    out: running.OutOption = None,
    name: running.NameOption = None,
    json: running.JsonOption = False,
    bootstrap: running.BootstrapOption = 2000,
    seed: running.SeedOption = 0,
) -> None:
    """Object HalBench: which objects do descriptions name that are in neither the boxes nor the captions of the image?

    The share of responses with such an object among those that name any, the share of mentions, how many of the
    objects there are named, and the length. --answers takes JSON lines of image_id, prompt and text, one a response;
    image ids may be numbers or file names. Annotations: cocodataset.org, annotations_trainval2014.zip. Examples:

    redraft eval objhal --answers mine.jsonl --instances instances.json --captions captions.json --json

    redraft eval objhal --policy LLAVA --images val2014 --draw 300 --instances instances_val2014.json
    --captions captions_val2014.json --scenes --out results/objhal
    """
    choice = None
    if extract != (judge_model is not None):
        raise ConfigError("--extract and --judge-model NAME belong together")
    if answers is not None and (draw is not None or prompts != 1):
        raise ConfigError("--draw and --prompts are for asking a policy: with --answers every line is measured")
    if judge_model is not None:
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
    with _extractor(choice) as extractor:
        suite, given = _suite(instances, captions, answers, draw, prompts, seed, extractor)
        _run(suite, given, source, keep, scenes=scenes, per_answer=per_answer)


@contextmanager
def _extractor(choice: judging.JudgeChoice | None) -> Iterator[Extractor | None]:
    if choice is None:
        yield None
        return
    from redraft.evaluate.objhal import Extractor

    with judging.opened_judge(choice) as judge, judging.judging_bar() as progress:
        yield Extractor(judge, progress)


def _suite(
    instances: Path,
    captions: Path,
    answers: Path | None,
    draw: int | None,
    prompts: int,
    seed: int,
    extractor: Extractor | None,
) -> tuple[ObjHal, AnswersGiven | None]:
    from redraft.evaluate.coco import read_coco
    from redraft.evaluate.objhal import GroundTruth, ObjHal, read_given

    if answers is None:
        return ObjHal.load(instances, captions, images=draw, prompts=prompts, seed=seed, extractor=extractor), None
    data = read_coco(instances, captions)
    given = read_given(answers, data)
    return ObjHal(GroundTruth(data), given.items, extractor), given


def _run(
    suite: ObjHal,
    given: AnswersGiven | None,
    source: running.AnswerSource,
    keep: running.Keep,
    *,
    scenes: bool,
    per_answer: Path | None,
) -> None:
    from redraft.evaluate.objhal import answer_lines, summary
    from redraft.evaluate.suite import ItemScore
    from redraft.records import SuiteResult

    found: list[OverGeneralisation] = []

    def as_json(result: SuiteResult, scores: Sequence[ItemScore]) -> Mapping[str, object]:
        found.extend(_by_scene(suite, keep) if scenes else ())
        return summary(result, scores, found).model_dump(mode="json")

    notes = (*(given.notes if given is not None else ()), *suite.notes())
    texts = None if given is None else given.texts
    running.run_suite(suite, source, keep, console, answers=texts, notes=notes, as_json=as_json)
    if scenes and not found:
        found = _by_scene(suite, keep)
        for one in found:
            console.print(scene_table(one))
    if per_answer is not None:
        names = {} if given is None else given.names
        _write(per_answer, [line.model_dump_json() for line in answer_lines(suite.read(), names)])
    if keep.out is not None and found:
        _write(keep.out / "over_generalisation.jsonl", [one.model_dump_json() for one in found])


def _by_scene(suite: ObjHal, keep: running.Keep) -> list[OverGeneralisation]:
    from redraft.evaluate.objhal import over_generalisation, typical_objects

    answers, typical = suite.in_scenes(), typical_objects(suite.truth.data)
    return [
        over_generalisation(answers, typical, per=per, bootstrap=keep.bootstrap, seed=keep.seed)
        for per in ("mention", "response")
    ]


def scene_table(found: OverGeneralisation) -> Table:
    """A row a scene, then the mean."""
    over = "mentions" if found.per == "mention" else "answers that mention any"
    table = Table(
        title=f"Over-generalisation: objects typical of a scene that are invented, over {over} of them",
        title_justify="left",
    )
    for heading in ("scene", "its objects", "answers", "Ha: everywhere", "Hs: in the scene", "Hs - Ha"):
        table.add_column(heading)
    for one in found.scenes:
        rates = (
            f"{interval(rate, 'share')}, of {base}" for rate, base in ((one.ha, one.all_base), (one.hs, one.scene_base))
        )
        delta = interval(one.delta, "share", signed=True)
        table.add_row(Text(one.scene), Text(", ".join(one.objects)), str(one.answers), *rates, delta)
    table.add_row("mean", "", "", "", "", interval(found.mean_delta, "share", signed=True))
    return table


def _write(path: Path, lines: Sequence[str]) -> None:
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as e:
        raise ResourceError(f"cannot write {path} ({e.strerror or e}): name a file in a folder that is there") from e
