"""MHumanEval on a run: start a blind study of policies that were evaluated, and close it with its results."""

from __future__ import annotations

import io
import time

from redraft import world
from redraft.errors import DataError, RunError
from redraft.evaluate import read_outcomes
from redraft.evaluate.humaneval import measure_study
from redraft.evaluate.study import Study, StudyItem, plan_study, read_study, study_key, unjudged
from redraft.images import load_encoded
from redraft.records import (
    Arm,
    HumanEvaluation,
    Outcome,
    Project,
    ProjectKind,
    Response,
    Split,
    Task,
    TaskState,
    TokenTrace,
    stable_id,
)
from redraft_actors.context import RunContext

_NO_TRACE = TokenTrace(token_ids=(), starts=(), ends=(), logprobs=(), entropies=())


def start_study(
    run: RunContext,
    project: str,
    policies: list[str],
    *,
    images: int,
    split: Split,
    seed: int,
    overlap: int,
    actor: str,
) -> Study:
    """Put the texts of several policies about the same pictures before people, who do not learn whose they are.

    The same call again goes on with what an interrupted one began.

    Args:
        run: an evaluated run.
        project: id of a new project.
        policies: versions that were evaluated on the split.
        images: pictures to draw.
        split: where the pictures come from.
        seed: fixes the draw and the order.
        overlap: how many people judge each text.
        actor: who starts it, for the audit log.

    Raises:
        RunError: there is another project of that id.
        DataError: a policy was not evaluated, fewer pictures were described by all, or the id will not do.
    """
    answers = {policy: _outcomes(run, policy, split) for policy in policies}
    study = plan_study(project, split, answers, images=images, seed=seed, overlap=overlap)
    _claim(run, study, actor)
    for image in study.images:
        _show(run, image)
    for policy in study.policies:
        mine = [item for item in study.items if policy in item.policies]
        run.store.add_responses([_response(item, policy) for item in mine])
    count = len(study.items)
    run.store.add_tasks([_task(study, item, 1 - place / count) for place, item in enumerate(study.items)])
    return study


def close_study(run: RunContext, project: str, *, partial: bool, actor: str) -> list[HumanEvaluation]:
    """Measure what people found, store it, and hand out no more tasks of the project; again measures afresh.

    Raises:
        RunError: the project is no study, or texts are left to judge and ``partial`` is not set.
        DataError: there is no such project, or no picture whose texts were all judged.
    """
    study = _opened(run, project)
    answers = run.store.corrections(project=project)
    left = sum(run.store.task(item.task).state is not TaskState.RETIRED for item in unjudged(study, answers))
    if left and not partial:
        raise RunError(
            f"{left} of {len(study.items)} texts in project {project} have fewer answers than the {study.overlap} "
            "wanted: annotate them, or close it with --partial, which measures the pictures whose texts were all judged"
        )
    found = measure_study(
        study, answers, bootstrap=run.config.evaluate.bootstrap, seed=run.config.seed, closed_at=time.time()
    )
    run.store.update_project(run.store.project(project).model_copy(update={"open": False}), actor=actor)
    run.store.add_human_evaluations(found, actor=actor)
    return found


def _opened(run: RunContext, project: str) -> Study:
    study = read_study(run.blobs, run.store.project(project).id)
    if study is None:
        raise RunError(f"project {project} is no study: start one with `redraft humaneval start`")
    return study


def _claim(run: RunContext, study: Study, actor: str) -> None:
    """The project and its plan, made or found to be this study's."""
    if any(project.id == study.project for project in run.store.projects()):
        if read_study(run.blobs, study.project) != study:
            raise RunError(f"there is another project {study.project} already: choose another name")
        return
    kind = ProjectKind.EVALUATION
    made = Project(id=study.project, title=study.project, kind=kind, created_at=time.time())
    run.store.add_project(made, actor=actor)
    run.blobs.put(study_key(study.project), study.model_dump_json().encode())


def _outcomes(run: RunContext, policy: str, split: Split) -> list[Outcome]:
    found = [evaluation for evaluation in run.store.evaluations(policy) if evaluation.split is split]
    if not found:
        have = sorted({e.policy for e in run.store.evaluations() if e.split is split})
        raise DataError(
            f"policy {policy} was not evaluated on the {split} split of this run; these were: "
            f"{', '.join(have) or 'none yet'}"
        )
    return read_outcomes(run.blobs.get(found[0].blob))


def _show(run: RunContext, image_id: str) -> None:
    """Make sure that the picture can be shown; one of the picture world that was cleaned away is drawn again."""
    image = run.store.image(image_id)
    if run.blobs.exists(image.blob):
        return
    buffer = io.BytesIO()
    world.render(world.scene_of(image.origin)).save(buffer, "PNG", compress_level=1)
    drawn = load_encoded(image.origin, buffer.getvalue())
    if drawn.id != image.id:
        raise DataError(f"picture {image.origin} is not in the blob store, and drawing it gives another file")
    run.blobs.put(image.blob, drawn.data)


def _response(item: StudyItem, policy: str) -> Response:
    """A greedy answer as it was evaluated; the evaluation kept its text alone."""
    return Response(
        id=_response_id(item, policy),
        image_id=item.image_id,
        prompt=item.prompt,
        text=item.text,
        policy=policy,
        round=0,
        sample=0,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        finished=True,
        trace=_NO_TRACE,
    )


def _response_id(item: StudyItem, policy: str) -> str:
    return stable_id("evaluated", policy, item.image_id, item.prompt, item.text)


def _task(study: Study, item: StudyItem, priority: float) -> Task:
    """The first of its policies stands in the database; nobody who judges is told."""
    return Task(
        id=item.task,
        round=0,
        response_id=_response_id(item, item.policies[0]),
        image_id=item.image_id,
        prompt=item.prompt,
        text=item.text,
        spans=(),
        arm=Arm.RANDOM,
        priority=priority,
        policy=item.policies[0],
        project=study.project,
        wanted=study.overlap,
    )
