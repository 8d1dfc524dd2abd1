"""Who answers: the promoted version, a candidate's share, and what happens at a swap."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from redraft.errors import PolicyError
from redraft.policy import Policy
from redraft.serving import MODEL_ALIAS, Refused, ServedVersion, ServeSettings
from redraft.serving.versions import Hosted, LineUp, PolicyHost, lot


def version(id: str) -> ServedVersion:
    return ServedVersion(id=id, path=f"/policies/{id}")


@pytest.fixture
def hosted(policy: Policy) -> Callable[[str], Hosted]:
    return lambda id: Hosted.of(version(id), policy)


def test_a_candidate_gets_its_share_and_a_caller_always_the_same(hosted: Callable[[str], Hosted]) -> None:
    line_up = LineUp(hosted("old"), hosted("new"), 0.25)
    callers = [f"user {number}" for number in range(4000)]
    chosen = [line_up.choose(MODEL_ALIAS, caller).version.id for caller in callers]
    assert abs(chosen.count("new") / len(callers) - 0.25) < 4 * (0.25 * 0.75 / len(callers)) ** 0.5
    assert chosen == [line_up.choose(MODEL_ALIAS, caller).version.id for caller in callers]
    assert 0 <= lot(None) < 1


@pytest.mark.parametrize(("share", "answers"), [(0.0, {"old"}), (1.0, {"new"})])
def test_no_share_and_a_whole_one_leave_nothing_to_chance(
    hosted: Callable[[str], Hosted], share: float, answers: set[str]
) -> None:
    line_up = LineUp(hosted("old"), hosted("new"), share)
    callers = [None, *map(str, range(200))]
    assert {line_up.choose(MODEL_ALIAS, caller).version.id for caller in callers} == answers


def test_a_version_may_be_asked_for_by_name(hosted: Callable[[str], Hosted]) -> None:
    line_up = LineUp(hosted("old"), hosted("new"), 0.0)
    assert [line_up.choose(id, None).version.id for id in ("old", "new")] == ["old", "new"]
    with pytest.raises(Refused, match=r"'gpt' is not served.*old and new") as refused:
        line_up.choose("gpt", None)
    assert (refused.value.status, refused.value.code) == (404, "model_not_found")


def test_a_swap_loads_beside_and_loads_nothing_twice(policy: Policy) -> None:
    loaded: list[str] = []

    def load(path: str, device: str, dtype: str) -> Policy:
        assert threading.current_thread() is not threading.main_thread()
        loaded.append(path)
        if path.endswith("broken"):
            raise PolicyError("it is broken")
        return policy

    async def scenario() -> None:
        host = PolicyHost(load)
        await host.reconfigure(ServeSettings(promoted=version("one"), candidate=version("two"), canary_share=0.5))
        before = host.line_up
        assert before is not None and before.candidate is not None
        await host.reconfigure(ServeSettings(promoted=version("two")))
        assert host.line_up == LineUp(before.candidate)
        with pytest.raises(PolicyError):
            await host.reconfigure(ServeSettings(promoted=version("broken")))
        assert host.line_up == LineUp(before.candidate), "what was there stays"

    asyncio.run(scenario())
    assert loaded == ["/policies/one", "/policies/two", "/policies/broken"]
