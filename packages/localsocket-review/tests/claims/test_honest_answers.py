"""What a checked review once got wrong: claims about srv.py and thr.cpp, which nobody wrote for a rule."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.checking import check_review_of_code
from localsocket_review.claims.claim import CheckedClaim, Verdict
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.program import Program
from localsocket_review.reading.collecting import collect
from localsocket_review.reading.files import read_file

PROGRAMS = Path(__file__).parent / "programs"
RIGHT, WRONG, OPEN = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.UNDECIDED


@cache
def code(program: str) -> Code:
    return Code(Facts(Program([read_file(path) for path in collect([PROGRAMS / program])])))


def answer(sentence: str, program: str) -> CheckedClaim:
    (one,) = check_review_of_code(sentence, code(program)).claims
    return one


@pytest.mark.parametrize(
    ("program", "sentence", "verdict"),
    [
        ("srv", "`pickle.loads()` is called on what the client sent.", WRONG),
        ("srv", "`marshal.loads()` is called on what the client sent.", RIGHT),
        ("srv", "A short write of `send()` goes unnoticed.", RIGHT),
        ("srv", "`serve()` never closes the connection.", WRONG),
        ("srv", "Use of `server.listen()`: `serve()` uses `server.listen()` to wait for clients.", RIGHT),
        ("srv", "`serve()` calls `AgentSession.create_session()` twice.", WRONG),
        ("srv", "The `accept()` result could be None.", WRONG),
        ("srv", "The socket's mode is 0777.", WRONG),
        ("srv", "The umask is set to 0177 around `bind()`.", RIGHT),
        ("srv", "The umask is set to 0022.", WRONG),
        ("srv", "`serve()` is defined in `server.py`.", WRONG),
        ("srv", "`serve()` takes two parameters.", WRONG),
        ("srv", "`serve()` takes `timeout` as a parameter.", WRONG),
        ("srv", "There are four functions.", WRONG),
        ("srv", "Line 12 removes the socket.", RIGHT),
        ("srv", "In line 31, the server accepts a connection.", WRONG),
        ("srv", "`serve()` does not fail to close the connection.", RIGHT),
        ("srv", "No error handling is missing around `bind()`.", OPEN),
        ("thr", "These functions are not thread-safe and may cause problems when several threads use them.", OPEN),
        ("thr", "`QLocalServer::listen()` must not be used in programs with several threads.", OPEN),
        ("thr", "The `Listener` class uses `listen()`.", RIGHT),
        ("thr", "The `Listener` class uses `read()` and `write()`.", RIGHT),
        ("thr", "I'd also make the constructor of `Listener` explicit.", WRONG),
        ("thr", "`Listener` lacks Q_OBJECT.", WRONG),
        ("thr", "`Listener::run()` does not check the return value of `listen()`.", WRONG),
        ("thr", "`nextPendingConnection()` could return null, which is not checked.", WRONG),
        ("thr", '`listen(QObject::tr("thr"))` should be used instead of `listen("thr")` to be thread-safe.', WRONG),
    ],
)
def test_a_claim_gets_the_answer_that_it_deserves(program: str, sentence: str, verdict: Verdict) -> None:
    one = answer(sentence, program)
    assert one.answer.verdict is verdict, one.answer


def test_an_invented_name_is_refuted_with_what_was_searched_and_the_nearest_names() -> None:
    reason = answer("`opened_server()` leaks the descriptor.", "srv").answer.reason
    assert "Nothing in the code is called opened_server()" in reason
    assert "searched: 1 file" in reason
    assert "open_server" in reason


def test_an_answer_quotes_the_line_that_shows_it() -> None:
    (place,) = answer("`marshal.loads()` is called in `serve()`.", "srv").answer.places
    assert (place.place.line, place.note) == (31, "question = marshal.loads(connection.recv(4096))")


def test_a_result_that_python_never_gives_is_refuted_by_what_it_gives() -> None:
    assert "a pair of a socket and an address" in answer("The `accept()` result could be None.", "srv").answer.reason


def test_a_translated_name_is_told_to_be_the_same_overload_that_changes_no_thread() -> None:
    reason = answer('`listen(QObject::tr("thr"))` would make it thread-safe.', "thr").answer.reason
    assert "the same overload" in reason
    assert "changes no thread" in reason


@pytest.mark.parametrize("program", ["srv", "thr"])
def test_no_answer_speaks_of_our_own_ways(program: str) -> None:
    sentences = "There is no command injection. The descriptors are safe. `serve()` is fine. The socket is not removed."
    for one in check_review_of_code(sentences, code(program)).claims:
        assert "said not to be there" not in one.answer.reason
