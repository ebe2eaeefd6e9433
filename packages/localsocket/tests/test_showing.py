"""What somebody else wrote is shown quoted, on one line, and cut; and lines about one peer are thinned out."""

from __future__ import annotations

import logging
import threading
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsocket import errors, log_thinning
from localsocket.log_thinning import BURST, ThinnedLog
from localsocket.showing import did_you_mean, one_line, shown

HOSTILE = "ok\nERROR root: login of admin\x1b[2J\x9b31m\u202e\r\0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("msgpack", "'msgpack'"),
        (HOSTILE, "'ok\\nERROR root: login of admin\\x1b[2J\\x9b31m\\u202e\\r\\x00'"),
        ("x" * 1000, f"{'x' * 200!r} and 800 more"),
        (b"x" * 1000, f"{b'x' * 200!r} and 800 more"),
        ("Grüße", "'Grüße'"),
        (5, "5"),
        (["x" * 1000], f"['{'x' * 198}..."),
    ],
)
def test_what_is_shown_is_quoted_and_cut(value: object, text: str) -> None:
    assert shown(value) == text


@given(st.text())
def test_a_sentence_is_one_line_that_a_terminal_shows_as_it_is(text: str) -> None:
    for line in (one_line(text), one_line(text * 500), shown(text)):
        assert line.isprintable()
        assert len(line) < 4 * 3 * 1000


def test_a_sentence_without_anything_to_hide_stays_as_it_is() -> None:
    assert one_line("no server at 'Straße'; start it") == "no server at 'Straße'; start it"
    assert one_line("x" * 500 + "y" + "z" * 500) == "x" * 500 + " ... 1 more ... " + "z" * 500


def test_similar_names_are_told() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a", "b"]) == "; did you mean 'a' or 'b'?"


@pytest.mark.parametrize(
    "error",
    [
        errors.CallFailed(HOSTILE, HOSTILE, reference=HOSTILE),
        errors.RemoteError("m", HOSTILE, [HOSTILE], {}),
        errors.NoSuchMethod(HOSTILE, HOSTILE, [HOSTILE]),
        errors.NoSuchTopic(HOSTILE, HOSTILE, [HOSTILE]),
        errors.BadArguments("m", HOSTILE, HOSTILE),
        errors.BadResult("m", HOSTILE, HOSTILE),
        errors.DeadlinePassed(HOSTILE, 1),
        errors.PeerBrokeProtocol(HOSTILE),
        errors.NotAllowed(HOSTILE),
        errors.SubscriberTooSlow(HOSTILE, 5),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_of_ours_carries_a_peers_text_into_a_new_line(error: errors.LocalSocketError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) < 1100


def test_an_error_of_ours_is_as_long_as_one_can_read() -> None:
    assert len(str(errors.BadArguments("m", "", "x" * 100_000))) < 1100
    assert errors.BadArguments("m", "", "x" * 100_000).reason == "x" * 100_000  # its parts are what they are


# --- lines that are thinned out ---------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(log_thinning, "time", clock)
    return clock


@pytest.fixture
def log() -> ThinnedLog:
    return ThinnedLog(logging.getLogger("localsocket.thinned"))


def test_the_first_lines_come_and_then_one_a_second_which_tells_how_many_were_left_out(
    log: ThinnedLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def say(count: int) -> list[str]:
        caplog.clear()
        for number in range(count):
            log.log(logging.WARNING, 1000, "line %d", number)
        return caplog.messages

    assert say(BURST + 70) == [f"line {number}" for number in range(BURST)]
    clock.now += 1.5
    assert say(10) == ["line 0 (70 similar lines were left out)"]
    clock.now += 1.0
    assert say(1) == ["line 0 (9 similar lines were left out)"]
    clock.now += 3600
    assert say(BURST + 1) == [f"line {number}" for number in range(BURST)]


def test_users_and_kinds_of_lines_are_counted_apart(
    log: ThinnedLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2 * BURST):
        log.log(logging.WARNING, 1000, "a line")
    assert len(caplog.messages) == BURST
    assert log.log(logging.WARNING, 1001, "a line")
    assert log.log(logging.WARNING, 1000, "another line")
    assert not log.log(logging.WARNING, 1000, "a line")


def test_who_was_left_out_is_forgotten_when_there_are_too_many(log: ThinnedLog, clock: Clock) -> None:
    for uid in range(10_000):
        log.log(logging.DEBUG, uid, "a line")
    assert len(log._allowances) <= 256


def test_a_traceback_goes_along(log: ThinnedLog, caplog: pytest.LogCaptureFixture) -> None:
    log.log(logging.ERROR, 5, "it failed", error=LookupError("why"))
    assert "LookupError: why" in caplog.text


def test_lines_from_many_threads_are_counted_right(
    log: ThinnedLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def say() -> None:
        for _ in range(500):
            log.log(logging.WARNING, 7, "a line")

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.now += 1
    log.log(logging.WARNING, 7, "a line")
    assert len(caplog.messages) == BURST + 1
    assert caplog.messages[-1] == f"a line ({2000 - BURST} similar lines were left out)"


def test_what_an_error_says_is_one_line_of_its_traceback(log: ThinnedLog, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        try:
            raise LookupError(HOSTILE)
        except LookupError as error:
            raise ExceptionGroup(HOSTILE, [ValueError(HOSTILE)]) from error

    try:
        fail()
    except ExceptionGroup as error:
        log.log(logging.ERROR, 5, "it failed: %s", "so", error=error)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert (record.funcName, record.getMessage()) == (
        "test_what_an_error_says_is_one_line_of_its_traceback",
        "it failed: so",
    )
    shown_text = caplog.handler.format(record)
    assert not [line for line in shown_text.splitlines() if line.strip(" |").startswith("ERROR root")]
    assert "\x1b" not in shown_text
    for said in ("LookupError: ok\\nERROR root: login of admin\\x1b[2J", "ValueError: ok\\n", "in fail"):
        assert said in shown_text
    assert "direct cause" in shown_text


def test_a_traceback_is_otherwise_what_it_always_is() -> None:
    def fail() -> None:
        try:
            {}["why"]
        except LookupError as error:
            raise ValueError("so") from error

    with pytest.raises(ValueError, match="so") as caught:
        fail()
    error = caught.value
    assert log_thinning.harmless_traceback(error) == "".join(traceback.format_exception(error)).rstrip("\n")
