"""Statements about declarations, bytes, ways through a function and the whole program: each one, and its contrary.

What comes close to a statement and does not decide it must stay open: that is the third part.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.checking import check_review_of_code
from localsocket_review.claims.claim import Verdict
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.program import Program
from localsocket_review.reading.collecting import collect
from localsocket_review.reading.files import read_file

PROGRAMS = Path(__file__).parent / "programs"
RIGHT = {
    "statements_c": (
        "`main()` returns 2 when the number of arguments is wrong.",
        "The socket is created with `SOCK_CLOEXEC`.",
        "`served()` reads up to 512 bytes at a time.",
        "Clients are served one at a time.",
        "No mutex is locked in this program.",
    ),
    "statements_py": (
        "The length prefix is 2 bytes long.",
        "The length is written in little-endian byte order.",
        "There are three greeting words.",
        "The constructor of `Client` has a mutable default argument.",
        "`__enter__` returns `self`.",
        "The pause between attempts triples each time.",
        "Errors of `shutdown()` are suppressed in `close()`.",
        "`close()` is called by `quit()` and `__exit__()`.",
        "`quit()` sends \"goodbye\" by calling `send()`.",
        "`loaded()` opens a file.",
        "`open()` in `loaded()` is called without an explicit encoding.",
        "`open()` is called with an explicit encoding in `saved()`.",
        "`os.umask(0o077)` gives the file the mode 0700.",
        "The only class is `Client`.",
        "`quit()` calls `send()` and then `close()`.",
    ),
    "statements_qt": (
        "`ticks` is atomic.",
        "`misses` is a plain int.",
        "`m_other` is a pointer.",
        "`m_timer` is a plain member of `Ticker`.",
        "`Ticker::Ticker()` can be called with a single argument.",
        "The property `rate` has a NOTIFY signal.",
        "The property `rate` has no WRITE function.",
        "The file includes its moc output.",
        "The signal `named` passes the name as a `QString`.",
        "The destructor waits for the thread.",
        "The destructor calls `quit()` and then `wait()`.",
        "The destructor of `Ticker` ends the event loop with `quit()`.",
        "`tick()` is triggered by a timer every 250 ms.",
        "Nothing in this file is connected to `named`.",
        "The exception is caught by const reference.",
    ),
}  # fmt: skip
WRONG = {
    "statements_c": (
        "`main()` returns 1 when no file name is given.",
        "The socket is created with `SOCK_NONBLOCK`.",
        "`served()` reads up to 4096 bytes at a time.",
        "`opened()` takes the name of a file.",
        "The size is converted to network byte order before it is sent.",
        "`server` is protected by a mutex.",
        "No socket is used in this program.",
    ),
    "statements_py": (
        "The length prefix is 4 bytes long.",
        "The length is written in network byte order.",
        "Every message is preceded by a 2-byte big-endian length.",
        "There are five greeting words.",
        "`saved()` has a mutable default argument.",
        "`__enter__` forgets to return `self`.",
        "The pause between attempts doubles each time.",
        "Errors of `sendall()` are suppressed in `send()`.",
        "`main()` waits for the thread.",
        "`connect()` ends the thread with `close()`.",
        "`connect()` retries forever.",
        "`sendall()` is called by `send()` and `close()`.",
        "There is no retry logic for the connection.",
        "`open()` is called without an encoding in `saved()`.",
        "`os.umask(0o077)` gives the file the mode 0077.",
        "`quit()` calls `close()` and then `send()`.",
        "The program catches no exception.",
        "The only class is `Server`.",
    ),
    "statements_qt": (
        "`misses` is atomic.",
        "`ticks` is a plain int.",
        "`m_timer` is a pointer.",
        "`Ticker::Ticker()` can be called with no arguments.",
        "The property `rate` has a WRITE function.",
        "The moc include at the end of the file is missing.",
        "The file forgets to include its moc output.",
        "The signal `named` passes the name as a `QByteArray`.",
        "`Ticker::load()` takes the name of a file.",
        "The destructor fails to wait for the thread.",
        "`tick()` is triggered by a timer every 5 seconds.",
        "Nothing in the program reacts to `rateChanged`.",
        "The exception is caught by value.",
    ),
}
OPEN = {
    "statements_c": (
        "`main()` returns 1 when `listen()` fails.",
        "`served()` reads at most 512 bytes from each file.",
        "The server reports the error through `exit()` when `listen()` fails.",
    ),
    "statements_py": (
        "The size is 8 bytes.",
        "There are three words.",
        "`create_task()` is kept in a variable.",
        "The task created by `create_task()` is kept in a variable.",
        "The server catches no exception.",
        "`self.sock` is protected by `close()`.",
    ),
    "statements_qt": (
        "The timer fires every 250 ms.",
        "`rate()` sends the rate as a `QString`.",
        "Requests are handled one after the other.",
        "`QLocalServer::listen()` must not be used in programs with several threads.",
        "These functions are not thread-safe and may cause problems when several threads use them.",
    ),
}


def cases(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(program, sentence) for program, sentences in table.items() for sentence in sentences]


@cache
def code(program: str) -> Code:
    return Code(Facts(Program([read_file(path) for path in collect([PROGRAMS / program])])))


def verdicts(program: str, sentence: str) -> set[Verdict]:
    return {one.answer.verdict for one in check_review_of_code(sentence, code(program)).claims}


@pytest.mark.parametrize(("program", "sentence"), cases(RIGHT))
def test_what_the_code_shows_is_supported(program: str, sentence: str) -> None:
    assert verdicts(program, sentence) == {Verdict.SUPPORTED}


@pytest.mark.parametrize(("program", "sentence"), cases(WRONG))
def test_what_the_code_shows_to_be_otherwise_is_refuted(program: str, sentence: str) -> None:
    assert verdicts(program, sentence) == {Verdict.REFUTED}


@pytest.mark.parametrize(("program", "sentence"), cases(OPEN))
def test_what_the_code_does_not_tell_stays_open(program: str, sentence: str) -> None:
    assert verdicts(program, sentence) <= {Verdict.UNDECIDED}
