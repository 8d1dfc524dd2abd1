"""The remote engine against a server that fails, lies and changes its policy; and no secret anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from redraft.config import Config, EndpointConfig
from redraft.engines import GenerationSettings, Sampled, SampleRequest
from redraft.engines.opening import generation_settings, open_engine
from redraft.engines.remote import RemoteEngine
from redraft.errors import RedraftError, ResourceError

from .judge_server import JudgeServer, Reply, Script, served

SECRET = "sk-secret-of-this-test"
SOON = {"Retry-After": "0.01"}
REQUEST = SampleRequest(b"\x89PNG\r\n", "What is there?", 7)
SETTINGS = GenerationSettings(16, k=2, temperature=0.7, top_p=0.9, min_p=0.1, repetition_penalty=1.2, stop=("\n",))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_KEY", f"{SECRET}\n")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def endpoint(url: str, **more: object) -> EndpointConfig:
    known = {"url": url, "model": "served", "key_env": "POLICY_KEY", "timeout_s": 5, "retries": 2}
    return EndpointConfig.model_validate(known | more)


def completion(body: dict[str, Any], model: str = "served", **more: object) -> Reply:
    """n answers that say their seeds."""
    choices = []
    for index in reversed(range(body["n"])):
        word = f"seed {body['seed'] + index}"
        tokens = [
            {"token": "seed", "bytes": list(b"seed"), "logprob": -0.1, "top_logprobs": []},
            {"token": word[4:], "bytes": None, "logprob": -0.2, "top_logprobs": []},
        ]
        message = {"role": "assistant", "content": word}
        choice = {"index": index, "finish_reason": "stop", "message": message, "logprobs": {"content": tokens}}
        choices.append(choice | {name: value for name, value in more.items() if name != "system_fingerprint"})
    whole = {"model": model, "choices": choices, "system_fingerprint": more.get("system_fingerprint")}
    return Reply(body=json.dumps(whole).encode())


def ask(script: Script, settings: GenerationSettings = SETTINGS, **more: object) -> tuple[Sampled, JudgeServer]:
    with served(script) as server:
        engine = RemoteEngine(endpoint(server.url, **more), "r01-abc")
        (sampled,) = engine.sample([REQUEST], settings)
        engine.close()
    return sampled, server


def refused(script: Script, **more: object) -> tuple[str, JudgeServer]:
    """What the one sentence says; it holds no secret, and nor does anything that it is raised from."""
    with served(script) as server:
        engine = RemoteEngine(endpoint(server.url, **more), "r01-abc")
        with pytest.raises(RedraftError) as caught:
            engine.sample([REQUEST], SETTINGS)
        engine.close()
    assert isinstance(caught.value, ResourceError)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert SECRET not in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value).replace(server.url, "URL"), server


def test_what_is_sent_and_what_comes_back() -> None:
    sampled, server = ask(lambda body, place: completion(body), dialect="vllm")
    assert sampled.version == "served"
    assert [g.text for g in sampled.generations] == ["seed 7", "seed 8"], "in the order of their indices"
    trace = sampled.generations[0].trace
    assert (trace.token_ids, trace.starts, trace.ends) == ((-1, -1), (0, 4), (4, 6))
    (body,) = server.bodies
    (message,) = body.pop("messages")
    assert message["content"][0]["image_url"]["url"] == "data:image/png;base64,iVBORw0K"
    assert message["content"][1] == {"type": "text", "text": "What is there?"}
    assert body == {
        "model": "served", "n": 2, "seed": 7, "temperature": 0.7, "top_p": 0.9, "max_tokens": 16, "stop": ["\n"],
        "logprobs": True, "top_logprobs": 20,
        "min_p": 0.1, "repetition_penalty": 1.2, "top_k": -1, "return_token_ids": True,
    }  # fmt: skip
    assert server.headers[0]["authorization"] == f"Bearer {SECRET}"


def test_openais_dialect_has_no_other_fields() -> None:
    _, server = ask(lambda body, place: completion(body), GenerationSettings(16), top_logprobs=0)
    assert not server.bodies[0].keys() & {"min_p", "repetition_penalty", "top_k", "return_token_ids", "stop"}
    assert "top_logprobs" not in server.bodies[0]


def test_samples_may_be_asked_for_in_portions() -> None:
    settings = GenerationSettings(16, k=5, temperature=1.0)
    sampled, server = ask(lambda body, place: completion(body), settings, samples_per_call=2)
    assert [body["n"] for body in server.bodies] == [2, 2, 1]
    assert [g.text for g in sampled.generations] == [f"seed {7 + i}" for i in range(5)]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_tried_again(status: int) -> None:
    busy = Reply("busy", status, headers=SOON)
    sampled, server = ask(lambda body, place: busy if place < 2 else completion(body))
    assert len(sampled.generations) == 2
    assert len(server.bodies) == 3


def test_lasting_failures_end_in_one_sentence() -> None:
    told, server = refused(lambda body, place: Reply("busy", 503, headers=SOON))
    assert told.startswith("the endpoint at URL failed 3 times (status 503: busy)")
    assert len(server.bodies) == 3
    told, _ = refused(lambda body, place: Reply(f"no {SECRET}", 401))
    assert told.startswith("the endpoint at URL refuses the key in POLICY_KEY (status 401)")
    told, _ = refused(lambda body, place: Reply(f"no {SECRET}", 404))
    assert "knows no model served (status 404: no [key])" in told
    told, _ = refused(lambda body, place: Reply(body=b"<html>", headers={"Content-Type": "text/html"}))
    assert "sent no chat completion, 3 times" in told


def test_a_server_without_log_probabilities_is_refused() -> None:
    told, _ = refused(lambda body, place: completion(body, logprobs=None))
    assert "gives no log-probabilities for served" in told
    told, _ = refused(lambda body, place: Reply("logprobs is not supported", 400))
    assert "gives no log-probabilities for served" in told


def test_answers_that_do_not_fit_are_refused() -> None:
    told, _ = refused(lambda body, place: completion(body | {"n": 1}))
    assert "sent 1 answers where 2 were asked for: set sample.endpoint.samples_per_call" in told
    told, _ = refused(lambda body, place: completion(body, message={"content": "Something else"}))
    assert "its tokens do not spell" in told
    told, _ = refused(lambda body, place: completion(body, model="r00-old"), model="{policy}")
    assert "was asked for policy r01-abc and answered as r00-old" in told


def test_one_request_never_mixes_versions() -> None:
    """The policy is swapped between the two portions of a request, which is therefore drawn anew."""
    sampled, server = ask(lambda body, place: completion(body, f"v{min(place, 1)}"), samples_per_call=1)
    assert sampled.version == "v1"
    assert len(server.bodies) == 4
    told, server = refused(lambda body, place: completion(body, system_fingerprint=f"f{place}"), samples_per_call=1)
    assert "several versions (served@f4, served@f5), 3 times" in told
    assert len(server.bodies) == 6


def test_no_more_requests_are_in_flight_than_configured() -> None:
    def slowly(body: dict[str, Any], place: int) -> Reply:
        return Reply(body=completion(body).body, after=0.05)

    with served(slowly) as server:
        engine = RemoteEngine(endpoint(server.url, concurrency=2), "r01-abc")
        assert len(engine.sample([REQUEST] * 6, SETTINGS)) == 6
        engine.close()
    assert server.most_in_flight == 2


def test_a_key_that_is_not_there_is_missed_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLICY_KEY")
    with pytest.raises(ResourceError, match="environment variable POLICY_KEY holds no key"):
        RemoteEngine(endpoint("http://127.0.0.1:9/v1"), "r01-abc")


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        ({"engine": "remote"}, "set sample.endpoint.url"),
        ({"engine": "remote", "endpoint": {"url": "ftp://x"}}, "like http://host:8000/v1"),
        ({"engine": "remote", "endpoint": {"url": "http://me:pw@host/v1"}}, "keep secrets in key_env"),
        ({"engine": "remote", "endpoint": {"url": "http://h/v1"}, "min_p": 0.1}, "dialect=vllm"),
        ({"engine": "remote", "endpoint": {"url": "http://h/v1"}, "gpus_per_actor": 1}, "gpus_per_actor to 0"),
        ({"accelerator_type": "A100"}, "set sample.gpus_per_actor"),
        ({"stop": [""]}, "at least 1 character"),
        ({"repetition_penalty": 0}, "greater than 0"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(sample: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        Config.model_validate({"sample": sample})
    assert says in str(caught.value)


def test_the_config_chooses_the_engine_and_how_it_draws() -> None:
    sample = {"engine": "remote", "endpoint": {"url": "http://h/v1/", "dialect": "vllm"}, "k": 3, "min_p": 0.1}
    config = Config.model_validate({"sample": sample | {"stop": ["\n\n"], "repetition_penalty": 1.1}})
    engine = open_engine(config, "/nowhere", "r02-def")
    assert isinstance(engine, RemoteEngine)
    assert (engine.model, engine.endpoint.url) == ("r02-def", "http://h/v1")
    assert generation_settings(config) == GenerationSettings(
        config.policy.max_new_tokens, k=3, temperature=0.9, min_p=0.1, repetition_penalty=1.1, stop=("\n\n",)
    )
    engine.close()
