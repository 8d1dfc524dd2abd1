"""The judge's client against a real server on this machine: retries, the cache, costs, and no secret anywhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from redraft.errors import DataError, RedraftError, ResourceError, StorageError
from redraft.evaluate.judging import JudgeOptions, JudgeQuestion, JudgeTally, ScriptedJudge, ask_verdicts
from redraft.evaluate.judging.cache import AnswerCache
from redraft.evaluate.judging.client import OpenAIJudge

from .judge_server import JudgeServer, Reply, Script, served

SECRET = "sk-secret-of-this-test"
SOON = {"Retry-After": "0.01"}
QUESTION = JudgeQuestion("words-1", "Is it true?", "You judge.")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", f"{SECRET}\n")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def options(url: str, **more: object) -> JudgeOptions:
    return JudgeOptions.model_validate(
        {"model": "judge", "base_url": url, "key_env": "JUDGE_KEY", "timeout": 5, "retries": 2} | more
    )


def always(reply: Reply) -> Script:
    return lambda body, place: reply


def refused(script: Script, **more: object) -> tuple[str, JudgeServer]:
    """What the one sentence says; it holds no secret, and nor does anything that it is raised from."""
    with served(script) as server:
        judge = OpenAIJudge(options(server.url, **more))
        with pytest.raises(RedraftError) as caught:
            judge.ask(QUESTION)
        judge.close()
    assert isinstance(caught.value, ResourceError)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(server.url, "URL"), server


def test_a_question_goes_out_as_a_chat_completion_and_its_answer_comes_back() -> None:
    with served(always(Reply("Yes.", tokens=(7, 3)))) as server:
        judge = OpenAIJudge(options(server.url))
        answer = judge.ask(QUESTION)
        judge.close()
    assert (answer.text, answer.model, answer.prompt_tokens, answer.completion_tokens) == ("Yes.", "judge-2024", 7, 3)
    assert not answer.cached
    assert server.bodies == [
        {
            "model": "judge",
            "messages": [{"role": "system", "content": "You judge."}, {"role": "user", "content": "Is it true?"}],
            "temperature": 0.0,
            "max_tokens": 1024,
        }
    ]
    assert server.headers[0]["authorization"] == f"Bearer {SECRET}"


def test_a_reasoning_judge_is_sent_neither_a_temperature_nor_max_tokens() -> None:
    with served(always(Reply("Yes."))) as server:
        judge = OpenAIJudge(options(server.url, temperature=None, limit_name="max_completion_tokens", max_tokens=9))
        judge.ask(JudgeQuestion("words-1", "Is it true?"))
        judge.close()
    assert server.bodies[0].keys() == {"model", "messages", "max_completion_tokens"}


def test_an_image_goes_before_the_text_and_must_be_one() -> None:
    with served(always(Reply("Yes."))) as server:
        judge = OpenAIJudge(options(server.url))
        judge.ask(JudgeQuestion("words-1", "Is it true?", image=b"\x89PNG\r\n"))
        with pytest.raises(DataError, match="no PNG, JPEG, WebP or GIF"):
            judge.ask(JudgeQuestion("words-1", "Is it true?", image=b"<svg>"))
        judge.close()
    (message,) = server.bodies[0]["messages"]
    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}},
        {"type": "text", "text": "Is it true?"},
    ]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_passing_failures_are_tried_again(status: int) -> None:
    replies = [Reply("busy", status, headers=SOON), Reply("busy", status, headers=SOON), Reply("Yes.")]
    with served(lambda body, place: replies[place]) as server:
        judge = OpenAIJudge(options(server.url))
        assert judge.ask(QUESTION).text == "Yes."
        judge.close()
    assert len(server.bodies) == 3


def test_a_reply_that_is_no_completion_is_asked_for_anew() -> None:
    bodies = [b"{bad", b'{"choices": []}', None]
    with served(lambda body, place: Reply("Yes.", body=bodies[place])) as server:
        judge = OpenAIJudge(options(server.url))
        assert judge.ask(QUESTION).text == "Yes."
        judge.close()
    told, server = refused(always(Reply(body=b"<html>hello</html>", headers={"Content-Type": "text/html"})))
    assert told.startswith("the judge at URL sent no chat completion, 3 times: is --judge-url")
    assert len(server.bodies) == 3


def test_a_slow_server_is_given_up_in_one_sentence() -> None:
    told, server = refused(always(Reply("Yes.", after=0.4)), timeout=0.05, retries=0)
    assert told.startswith("the judge at URL gave no answer within 0.05 s in 1 tries: run the same command later")
    assert len(server.bodies) == 1


def test_lasting_failures_are_tried_a_bounded_number_of_times() -> None:
    told, server = refused(always(Reply("out of order", 500, headers=SOON)))
    assert told.startswith("the judge at URL failed 3 times (status 500: out of order): run the same command later")
    assert len(server.bodies) == 3
    told, server = refused(always(Reply("no money left", 429, headers=SOON)))
    assert "refuses more questions for now (status 429: no money left)" in told
    told, server = refused(always(Reply("come tomorrow", 429, headers={"Retry-After": "86400"})))
    assert len(server.bodies) == 1


def test_what_retrying_cannot_mend_is_said_at_once() -> None:
    told, server = refused(always(Reply(f"Incorrect API key provided: {SECRET[:12]}", 401)))
    assert told == "the judge at URL refuses the key in JUDGE_KEY (status 401): set a key that may ask judge"
    told, server = refused(always(Reply("The model `judge` does not exist", 404)))
    assert told.startswith("the judge at URL knows no model judge (status 404: The model `judge` does not exist): name")
    told, server = refused(always(Reply(f"max_tokens\nis not supported, {SECRET}", 400)))
    assert "(status 400: max_tokens is not supported, [key])" in told
    assert len(server.bodies) == 1


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with served(always(Reply("Yes."))) as server:
        pass
    judge = OpenAIJudge(options(server.url, retries=0))
    with pytest.raises(ResourceError, match=r"cannot be reached \(.*refused.*\): check --judge-url and the network"):
        judge.ask(QUESTION)
    judge.close()


def test_a_question_that_a_content_filter_stops_has_an_empty_answer() -> None:
    body = b'{"error": {"message": "filtered", "code": "content_filter"}}'
    with served(always(Reply(status=400, body=body))) as server:
        judge = OpenAIJudge(options(server.url))
        assert judge.ask(QUESTION).text == ""
        judge.close()


def test_the_key_comes_from_the_named_variable_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUDGE_KEY")
    with pytest.raises(ResourceError, match="the environment variable JUDGE_KEY holds no key for the judge at http"):
        OpenAIJudge(options("http://127.0.0.1:9/v1"))
    with served(always(Reply("Yes."))) as server:
        judge = OpenAIJudge(options(server.url, key_env=None))
        assert judge.ask(QUESTION).text == "Yes."
        judge.close()
    monkeypatch.setenv("JUDGE_KEY", "a key")
    with pytest.raises(ResourceError, match="cannot be a key"):
        OpenAIJudge(options("http://127.0.0.1:9/v1"))


@pytest.mark.parametrize("url", ["ftp://host/v1", "http://", "http://me:word@host/v1", "http://host/v1?key=word"])
def test_an_address_with_a_secret_or_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the judge's address must"):
        options(url)


def test_a_second_run_reads_the_cache_and_other_questions_do_not(tmp_path: Path) -> None:
    file = tmp_path / "below" / "judge.sqlite"
    with served(lambda body, place: Reply(f"answer {place}")) as server:
        with AnswerCache(file) as cache:
            judge = OpenAIJudge(options(server.url), cache)
            first = judge.ask(QUESTION)
            judge.close()
        with AnswerCache(file) as cache:
            judge = OpenAIJudge(options(server.url), cache)
            again = judge.ask(QUESTION)
            others = [
                JudgeQuestion("words-2", QUESTION.text, QUESTION.system),
                JudgeQuestion("words-1", "Is it false?", QUESTION.system),
                QUESTION.again("Say yes or no."),
            ]
            told = [judge.ask(other).text for other in others]
            judge.close()
            warmer = OpenAIJudge(options(server.url, temperature=0.5), cache)
            told.append(warmer.ask(QUESTION).text)
            warmer.close()
    assert (again.text, again.cached, again.asked_at) == ("answer 0", True, first.asked_at)
    assert told == ["answer 1", "answer 2", "answer 3", "answer 4"]
    assert SECRET.encode() not in file.read_bytes()
    assert b"Is it true" not in file.read_bytes()


def test_a_file_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, not a database" * 50)
    with pytest.raises(StorageError, match=r"notes\.txt is no judge's cache"):
        AnswerCache(tmp_path / "notes.txt")
    with pytest.raises(StorageError, match="cannot be made"):
        AnswerCache(tmp_path / "notes.txt" / "judge.sqlite")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE judge_answers (key TEXT)")
    other.close()
    with (
        AnswerCache(tmp_path / "other.sqlite") as cache,
        pytest.raises(StorageError, match=r"other\.sqlite cannot be used"),
    ):
        cache.get("a")


def test_many_questions_are_asked_side_by_side_but_not_too_many_and_equal_ones_once() -> None:
    questions = [JudgeQuestion("words-1", f"question {number % 6}") for number in range(8)]
    steps: list[tuple[int, int]] = []
    with served(lambda body, place: Reply(body["messages"][0]["content"].upper(), after=0.05)) as server:
        judge = OpenAIJudge(options(server.url, concurrency=3))
        answers = judge.ask_all(questions, lambda done, total: steps.append((done, total)))
        judge.close()
    assert [answer.text for answer in answers] == [question.text.upper() for question in questions]
    assert [answer.cached for answer in answers] == [False] * 6 + [True] * 2
    assert len(server.bodies) == 6
    assert 1 < server.most_in_flight <= 3
    assert steps == [(done, 6) for done in range(1, 7)]


def test_what_was_answered_before_a_failure_is_not_asked_for_again(tmp_path: Path) -> None:
    questions = [JudgeQuestion("words-1", f"question {number}") for number in range(20)]
    broken = [True]

    def script(body: dict[str, object], place: int) -> Reply:
        return Reply("no", 400) if broken[0] and place == 2 else Reply("Yes.", after=0.01)

    with served(script) as server, AnswerCache(tmp_path / "judge.sqlite") as cache:
        judge = OpenAIJudge(options(server.url, concurrency=1), cache)
        with pytest.raises(ResourceError, match="status 400"):
            judge.ask_all(questions)
        broken[0] = False
        sent = len(server.bodies)
        answers = judge.ask_all(questions)
        judge.close()
    assert 3 <= sent < 20
    assert [answer.text for answer in answers] == ["Yes."] * 20
    assert [answer.cached for answer in answers].count(True) == sent - 1
    assert len(server.bodies) == 20 + 1


def test_costs_by_hand() -> None:
    """Twice (100 prompt, 10 completion) at 2.50 and 10.00 a million: 200 * 2.5e-6 + 20 * 1e-5 = 0.0005 + 0.0002."""
    tally = JudgeTally()
    with served(lambda body, place: Reply("yes" if "Say" in body["messages"][-1]["content"] else "hm")) as server:
        judge = OpenAIJudge(options(server.url, price_in=2.5, price_out=10))
        verdicts = ask_verdicts(judge, [QUESTION], _yes, reminder="Say yes or no.", tally=tally)
        judge.close()
    use = tally.use(judge, "words-1")
    assert verdicts == [True]
    assert use is not None
    assert use.cost == pytest.approx(0.0007)
    assert (use.answers, use.cached, use.unparsable, use.prompt_tokens, use.completion_tokens) == (2, 0, 0, 200, 20)
    assert use.model == "judge (answered as judge-2024)"
    assert server.bodies[1]["messages"][-1]["content"] == "Is it true?\n\nSay yes or no.\n"


def test_one_price_without_the_other_is_refused() -> None:
    with pytest.raises(ValueError, match="both prices"):
        JudgeOptions(model="judge", price_in=1)
    assert JudgeOptions(model="judge").cost(10, 10) is None


def test_the_twin_in_memory_counts_alike() -> None:
    """Of three verdicts one is clear, one after a reminder, one never: 5 answers; tokens are words."""
    says = {"a": ["yes"], "b": ["what?", "no"], "c": ["what?", "what now?"]}
    judge = ScriptedJudge(
        lambda question: says[question.text[0]][question.attempt], prices=(1_000_000, 2_000_000), now=5
    )
    questions = [JudgeQuestion("words-1", text) for text in "abc"]
    tally = JudgeTally()
    assert ask_verdicts(judge, questions, _yes, reminder="Yes or no?", tally=tally) == [True, False, None]
    use = tally.use(judge, "words-1")
    assert use is not None
    assert (use.answers, use.cached, use.unparsable) == (5, 0, 1)
    assert (use.prompt_tokens, use.completion_tokens) == (3 + 2 * 4, 6)
    assert use.cost == 11 + 2 * 6
    assert (use.model, use.first_asked, use.last_asked) == ("scripted", 5, 5)
    tally.clear()
    assert tally.use(judge, "words-1") is None
    ask_verdicts(judge, questions, _yes, reminder="Yes or no?", tally=tally)
    use = tally.use(judge, "words-1")
    assert use is not None
    assert (use.answers, use.cached, use.unparsable) == (5, 5, 1)


def _yes(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)
