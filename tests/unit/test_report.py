"""The report of small but real runs: a whole one, a rejected candidate, base only, people only."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from redraft.blobs import content_key
from redraft.config import Config, PromoteConfig
from redraft.evaluate import evaluate, write_outcomes
from redraft.promote import decide
from redraft.records import (
    Answer,
    Arm,
    DatasetVersion,
    Edit,
    HallucinationType,
    ImageItem,
    Outcome,
    Phase,
    PolicyStatus,
    PolicyVersion,
    Response,
    Split,
    Submission,
    Task,
    TokenTrace,
    TrainStep,
    Verdict,
)
from redraft.report import write_report, write_summary
from redraft.report.history import read_history
from redraft.report.provenance import config_text
from redraft.report.wording import MINUS
from redraft.runs import Event, RunFolder, append_event

DESCRIBE = "Describe this image in detail."
EVIL = '<script>alert("x")</script><img src="https://evil.example/a.png">'
TYPICAL = {"kitchen": ("cup", "pan"), "street": ("bus", "dog")}


class SmallRun:
    """A run folder filled through the store's own calls, round by round."""

    def __init__(self, root: Path, **config: object) -> None:
        self.folder = RunFolder.create(root, Config.model_validate({"name": "small", **config}))
        self.store = self.folder.store()
        self.blobs = self.folder.blobs()
        self.images = {split: [self._image(split, i) for i in range(24)] for split in Split}
        self.store.add_images([image for images in self.images.values() for image in images])
        self.wrong: dict[str, int] = {}
        self.incumbent = "policy-0"
        self._policy("policy-0", 0, None, None, PolicyStatus.PROMOTED)

    def measure(self, policy: str, wrong: int) -> None:
        """Evaluate on both held-out splits; ``wrong`` of 24 descriptions hold an error."""
        self.wrong[policy] = wrong
        for split in (Split.DEV, Split.TEST):
            data = write_outcomes(self.outcomes(policy, split))
            key = content_key("evaluations", data, ".parquet")
            self.blobs.put(key, data)
            self.store.add_evaluation(
                evaluate(
                    self.outcomes(policy, split),
                    policy=policy,
                    split=split,
                    bootstrap=100,
                    seed=0,
                    blob=key,
                    typical=TYPICAL,
                )
            )

    def annotate(self, number: int, *, corrected: int, clean: int = 2, skipped: int = 1, waiting: int = 1) -> list[str]:
        """Route a round's tasks and answer them; returns the ids of the corrections."""
        self.store.begin_round(number, Phase.SAMPLING, self.incumbent)
        answers = [Answer.CORRECTED] * corrected + [Answer.CLEAN] * clean + [Answer.SKIPPED] * skipped
        self._route(number, len(answers) + waiting)
        made = []
        for i, answer in enumerate(answers):
            annotator = f"oracle-{i % 2 + 1}"
            lease = self.store.lease(annotator, 60)
            assert lease is not None
            given = self.store.submit(
                Submission(
                    nonce=f"nonce-{number}-{i:04}",
                    task_id=lease.task.id,
                    annotator=annotator,
                    answer=answer,
                    edits=edits(lease.task.text) if answer is Answer.CORRECTED else (),
                    seconds=4.0,
                )
            )
            made += [given.id] * (answer is Answer.CORRECTED)
        self.store.advance(number, Phase.SAMPLING, Phase.BUILDING)
        return made

    def train(self, number: int, corrections: list[str], wrong: int, *, falling: bool = False) -> Verdict:
        """Build a dataset, train, evaluate and judge a candidate."""
        dataset, candidate = f"dataset-{number}", f"policy-{number}"
        self.store.add_dataset(
            DatasetVersion(
                id=dataset,
                round=number,
                blob=dataset,
                pairs=len(corrections),
                corrections=tuple(corrections),
                reference=self.incumbent,
                created_at=1.0,
            )
        )
        self._policy(candidate, number, self.incumbent, dataset, PolicyStatus.CANDIDATE)
        self.folder.train_log(number).write_text(
            "".join(step(i, falling).model_dump_json() + "\n" for i in range(12)) + '{"step": 12, "lo'
        )
        self.measure(candidate, wrong)
        verdict = decide(
            self.outcomes(candidate, Split.DEV),
            self.outcomes(self.incumbent, Split.DEV),
            PromoteConfig(),
            candidate_id=candidate,
            incumbent_id=self.incumbent,
            bootstrap=100,
            seed=0,
        )
        self.store.add_verdict(number, verdict)
        if verdict.promoted:
            self.store.promote(candidate, verdict.reasons)
            self.incumbent = candidate
        else:
            self.store.reject(candidate, verdict.reasons)
        self.store.advance(
            number, Phase.BUILDING, Phase.DONE, dataset=dataset, candidate=candidate, promoted=verdict.promoted
        )
        started = self.folder.info().created_at
        for name, seconds in (("sample", 8.0), ("train", 21.5)):
            at = started + 40 * number + seconds
            append_event(self.folder, Event(at=at, round=number, step=name, seconds=seconds, rss_gib=1 + number / 10))
        return verdict

    def outcomes(self, policy: str, split: Split) -> list[Outcome]:
        """The outcomes that ``measure`` stored."""
        return [outcome(image.id, i, bad=i < self.wrong[policy]) for i, image in enumerate(self.images[split])]

    def page(self) -> str:
        """The report as written."""
        self.store.close()
        return write_report(self.folder).read_text(encoding="utf-8")

    def _image(self, split: Split, index: int) -> ImageItem:
        out = BytesIO()
        Image.new("RGB", (60, 60), (10 * index, 90, {"pool": 0, "dev": 120, "test": 240}[split])).save(out, "PNG")
        key = content_key("images", out.getvalue(), ".png")
        self.blobs.put(key, out.getvalue())
        return ImageItem(id=f"{split}-{index:02}", origin=key, split=split, blob=key, width=60, height=60)

    def _policy(self, id: str, number: int, parent: str | None, dataset: str | None, status: PolicyStatus) -> None:
        info = self.folder.info()
        self.store.add_policy(
            PolicyVersion(
                id=id,
                round=number,
                parent=parent,
                dataset=dataset,
                blob=id,
                status=status,
                config_hash=info.config_hash,
                code_version=info.code_version,
                seed=info.seed,
                created_at=float(number),
            )
        )

    def _route(self, number: int, count: int) -> None:
        text = f"There is a cup {EVIL} and two dogs."
        responses = [
            Response(
                id=f"response-{number}-{i}",
                image_id=self.images[Split.POOL][i].id,
                prompt=DESCRIBE,
                text=text,
                policy=self.incumbent,
                round=number,
                sample=0,
                seed=i,
                temperature=0.9,
                top_p=1.0,
                finished=True,
                trace=TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=()),
            )
            for i in range(count)
        ]
        tasks = [
            Task(
                id=f"task-{number}-{i}",
                round=number,
                response_id=response.id,
                image_id=response.image_id,
                prompt=DESCRIBE,
                text=text,
                spans=(),
                arm=Arm.RANDOM if i % 3 == 0 else Arm.UNCERTAIN,
                priority=1.0 - i / 100,
                policy=self.incumbent,
            )
            for i, response in enumerate(responses)
        ]
        self.store.add_responses(responses)
        self.store.add_tasks(tasks)


def edits(text: str) -> tuple[Edit, ...]:
    """A cup becomes a pan; the dogs become one."""
    cup, dogs = text.index("cup"), text.index("two dogs")
    return (
        Edit(start=cup, end=cup + 3, replacement="<b>pan</b>", type=HallucinationType.OBJECT),
        Edit(start=dogs, end=dogs + 8, replacement="one dog", type=HallucinationType.NUMBER),
    )


def outcome(image: str, index: int, *, bad: bool) -> Outcome:
    scene = "kitchen" if index % 2 else "street"
    return Outcome(
        image_id=image,
        prompt=DESCRIBE,
        scene=scene,
        text=f"A {scene} with a cup. {EVIL if bad else 'Nothing else.'}",
        mentions=4,
        errors=int(bad),
        error_types=(HallucinationType.OBJECT,) * bad,
        found=3,
        present=4,
        words=12,
        mentioned=("cup", "bus"),
        invented=("cup",) * bad,
    )


def step(number: int, falling: bool) -> TrainStep:
    moved = (-0.02 if falling else 0.01) * number
    return TrainStep(
        step=number,
        loss=0.69,
        accuracy=0.5,
        margin=0.0,
        chosen_logp=-1.0 + moved,
        rejected_logp=-1.2 - 0.03 * number,
        chosen_reference_logp=-1.0,
        rejected_reference_logp=-1.2,
        lr=1e-5,
        grad_norm=1.0,
    )


def whole(root: Path) -> SmallRun:
    """Two rounds: the first is promoted, the second is not."""
    run = SmallRun(root)
    run.measure("policy-0", 18)
    assert run.train(1, run.annotate(1, corrected=6), 4).promoted
    assert not run.train(2, run.annotate(2, corrected=5), 4, falling=True).promoted
    return run


def base_only(root: Path) -> SmallRun:
    run = SmallRun(root)
    run.measure("policy-0", 18)
    return run


def rejected(root: Path) -> SmallRun:
    run = base_only(root)
    assert not run.train(1, run.annotate(1, corrected=4), 20).promoted
    return run


def not_trained(root: Path) -> SmallRun:
    run = base_only(root)
    run.annotate(1, corrected=1)
    run.store.advance(1, Phase.BUILDING, Phase.DONE)
    return run


def people_only(root: Path) -> SmallRun:
    photos = root.parent / "photos"
    photos.mkdir(parents=True)
    run = SmallRun(
        root, images={"source": "folder", "path": str(photos)}, annotate={"by": "human"}, serve={"enabled": False}
    )
    run.annotate(1, corrected=2, waiting=5)
    return run


def nothing_yet(root: Path) -> SmallRun:
    return SmallRun(root)


class Tags(HTMLParser):
    """All tags with their attributes, and whether each was closed in order."""

    VOID = frozenset({"meta", "img", "source", "br", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


EVERY = (whole, base_only, rejected, not_trained, people_only, nothing_yet)


@pytest.mark.parametrize("build", EVERY, ids=lambda build: build.__name__)
def test_every_kind_of_run_has_a_well_formed_page_that_asks_for_nothing_outside(
    tmp_path: Path, build: Callable[[Path], SmallRun]
) -> None:
    page = build(tmp_path / "run").page()
    for tag, attributes in Tags(page).found:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert not any(name.startswith("on") for name in attributes)
        for name in {"src", "srcset", "href", "action", "poster"} & attributes.keys():
            assert (attributes[name] or "").startswith("data:image/")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, str]:
    run = whole(tmp_path_factory.mktemp("whole") / "run")
    return run.folder, run.page()


def words(page: str) -> str:
    """The page as read: tags gone, white space single."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_what_models_and_people_wrote_is_shown_and_never_run(whole_run: tuple[RunFolder, str]) -> None:
    _, page = whole_run
    assert EVIL not in page
    assert "<b>pan</b>" not in page
    assert EVIL in unescape(page)
    assert re.search(r'<del title="object">cup</del>', page)
    assert '<ins title="object">&lt;b&gt;pan&lt;/b&gt;</ins>' in page


def test_the_headline_says_what_the_promoted_policy_gained(whole_run: tuple[RunFolder, str]) -> None:
    text = words(whole_run[1])
    assert "6 corrections cut the hallucination rate from 75.0 % to 16.7 %." in text
    assert f"Paired difference {MINUS}58.3 points" in text
    assert "not promoted" in text


def test_verdicts_stand_with_their_reasons(whole_run: tuple[RunFolder, str]) -> None:
    text = words(whole_run[1])
    assert "Round 1 ✓ promoted Passed: the share of responses with an error changes by -58.3 points" in text
    assert "Round 2 ✗ rejected Failed: the share of responses with an error changes by +0.0 points" in text


def test_a_falling_chosen_log_probability_raises_the_alarm(whole_run: tuple[RunFolder, str]) -> None:
    assert "Alarm. The chosen texts became less likely in round 2:" in words(whole_run[1])


def test_queue_and_annotators_add_up(whole_run: tuple[RunFolder, str]) -> None:
    folder, _ = whole_run
    with (folder.root / "report" / "queue.csv").open() as f:
        first, second = csv.DictReader(f)
    assert {k: int(first[k]) for k in first} == {
        "round": 1,
        "routed": 10,
        "done": 8,
        "waiting": 2,
        "retired": 0,
        "corrected": 6,
        "clean": 2,
        "skipped": 1,
    }
    assert int(second["corrected"]) == 5
    with (folder.root / "report" / "annotators.csv").open() as f:
        rows = list(csv.DictReader(f))
    assert sum(int(row["corrected"]) for row in rows) == 11
    assert {row["edits"] for row in rows} == {"2.0"}


def test_the_costs_of_a_round_are_people_machines_and_money(tmp_path: Path) -> None:
    run = SmallRun(
        tmp_path / "run",
        prices={"annotator_hour": 30, "gpu_hour": 2, "currency": "EUR"},
        train={"workers": 4, "gpus_per_worker": 1},
    )
    run.measure("policy-0", 18)
    run.train(1, run.annotate(1, corrected=6), 4)
    append_event(run.folder, Event(at=2.0, round=1, step="train", seconds=900.0))
    text = words(run.page())
    assert "30 an hour of a person's work" in text and "in EUR" in text
    with (run.folder.root / "report" / "costs.csv").open() as f:
        rows = {row["round"]: row for row in csv.DictReader(f)}
    people = float(rows["1"]["annotator_minutes"]) / 60 * 30
    assert people > 0
    assert float(rows["1"]["gpu_seconds"]) >= 3600
    money = people + float(rows["1"]["gpu_seconds"]) / 3600 * 2
    assert float(rows["1"]["money"]) == pytest.approx(money)
    assert float(rows["1"]["money_per_correction"]) == pytest.approx(money / 6)
    assert float(rows["1"]["points"]) == pytest.approx(100 * (18 - 4) / 24)


def test_charts_come_as_png_and_csv_of_the_same_figures(whole_run: tuple[RunFolder, str]) -> None:
    folder, _ = whole_run
    names = {"hallucination", "helpfulness", "types", "over_generalisation", "logprobs", "arms"}
    for name in names:
        with Image.open(folder.root / "report" / f"{name}.png") as image:
            assert image.format == "PNG"
            assert image.width > 800
        assert (folder.root / "report" / f"{name}.csv").stat().st_size
    with (folder.root / "report" / "hallucination.csv").open() as f:
        rows = list(csv.DictReader(f))
    assert [(row["corrections"], row["verdict"]) for row in rows] == [
        ("0", "base"),
        ("6", "promoted"),
        ("11", "rejected"),
    ]
    assert [round(24 * float(row["response_rate"])) for row in rows] == [18, 4, 4]


def test_the_summary_has_the_figures_of_the_page(whole_run: tuple[RunFolder, str]) -> None:
    folder, _ = whole_run
    summary = json.loads(write_summary(folder).read_text())
    assert [row["corrections"] for row in summary["rounds"]] == [0, 6, 11]
    assert [row["verdict"] for row in summary["rounds"]] == ["base", "promoted", "rejected"]
    assert summary["paired_difference"]["mean"] == pytest.approx(-14 / 24)
    assert summary["paired_difference"]["ci"][1] < 0
    assert summary["wall_seconds"] == pytest.approx(101.5)
    assert summary["peak_rss_gib"] == 1.2


def test_a_policy_that_stays_is_not_called_an_improvement(tmp_path: Path) -> None:
    text = words(rejected(tmp_path / "run").page())
    assert "No candidate was promoted: the base policy stays in force, at a hallucination rate of 75.0 %." in text


def test_a_run_with_people_alone_reports_what_they_found(tmp_path: Path) -> None:
    text = words(people_only(tmp_path / "run").page())
    assert "10 responses routed to people, 4 answered so far." in text
    assert "random arm" in text or "unbiased" in text


def test_the_password_of_the_database_is_not_shown(tmp_path: Path) -> None:
    run = nothing_yet(tmp_path / "run")
    with run.store as store:
        history = read_history(run.folder, store)
    storage = history.config.storage.model_copy(
        update={"database": "postgresql+psycopg://me:hunter2@db:5432/redraft?password=hunter2"}
    )
    config = history.config.model_copy(update={"storage": storage})
    text = config_text(replace(history, config=config))
    assert "hunter2" not in text
    assert "db:5432/redraft" in text


def test_a_report_can_be_written_again(tmp_path: Path) -> None:
    run = people_only(tmp_path / "run")

    def undated(text: str) -> str:
        return re.sub(r"report written [^<]*", "", text)

    assert undated(run.page()) == undated(run.page())
    assert not list(run.folder.root.glob("*.partial"))
