"""Claims of every kind, true and false, and exactly what is answered: verdict, kind, and the lines that show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket_review.claims.checking import CheckedReview, check_review_of_units
from localsocket_review.reading.collecting import collect, read_file

PROGRAMS = Path(__file__).parent / "programs"
PYTHON = ("server.py", "server_tests.py")
QT = ("monitor.h", "monitor.cpp")


def check(text: str, names: tuple[str, ...]) -> CheckedReview:
    return check_review_of_units(text, [read_file(path) for path in collect(PROGRAMS / name for name in names)])


def answers(text: str, names: tuple[str, ...]) -> list[str]:
    """Return each answer as `refuted unused server.py:52 server.py:60`."""
    return [
        " ".join(
            (
                {"cannot be decided here": "undecided"}.get(one.answer.verdict.value, one.answer.verdict.value),
                one.claim.kind.replace(" ", "-"),
                *dict.fromkeys(f"{Path(place.place.file).name}:{place.place.line}" for place in one.answer.places),
            )
        )
        for one in check(text, names).claims
    ]


CLAIMS: list[tuple[tuple[str, ...], str, list[str]]] = [
    (PYTHON, "The function `_never_called()` is never used.", ["supported unused server.py:51"]),
    (PYTHON, "`ask()` is unused.", ["refuted unused server.py:60"]),
    (PYTHON, "The constant `UNUSED_LIMIT` is never read.", ["supported unused server.py:8"]),
    (PYTHON, "`MAX_SIZE` is not used anywhere.", ["refuted unused server.py:33"]),
    (PYTHON, "The member `_forgotten` of `EchoServer` is unused.", ["supported unused server.py:16"]),
    (PYTHON, "`EchoServer.clients` is never used.", ["refuted unused server.py:63"]),
    (
        PYTHON,
        "`ask` is used by `main`, and `_never_called` is not used.",
        ["supported uses-a-function server.py:60 server.py:51"],
    ),
    (PYTHON, "It is not true that `ask()` is never called.", ["supported unused server.py:60"]),
    (
        PYTHON,
        "`start()` removes the existing socket file without checking whether a server is alive.",
        ["supported endpoint-removed server.py:20"],
    ),
    (PYTHON, "There is a command injection in `EchoServer.serve()`.", ["supported command-injection server.py:29"]),
    (PYTHON, "`stop()` might be open to command injection.", ["undecided command-injection server.py:41"]),
    (PYTHON, "The permissions are set by `chmod` only after the bind.", ["supported late-permissions server.py:22"]),
    (PYTHON, "The size in `read_anything` is not validated.", ["supported size-unchecked server.py:39"]),
    (PYTHON, "`readBlock` does not check the length.", ["refuted size-unchecked server.py:33"]),
    (PYTHON, "The socket in `ask` is never closed.", ["supported leak server.py:46"]),
    (PYTHON, "The connection in `serve()` leaks.", ["refuted leak server.py:26"]),
    (
        PYTHON,
        "Function names are inconsistent: `readBlock` is camelCase.",
        ["supported naming server.py:31 server.py:37"],
    ),
    (PYTHON, "`EchoServer` is missing Q_OBJECT.", ["refuted missing-Q_OBJECT server.py:12"]),
    (PYTHON, "Received data is unpickled with `pickle.loads`.", ["refuted is-done-with"]),
    (PYTHON, "The class `ConnectionPool` leaks sockets.", ["refuted leak server.py:26"]),
    (PYTHON, "The method `EchoServer.restart()` does not exist.", ["supported there-is server.py:12"]),
    (PYTHON, "`EchoServer.stop()` does not exist.", ["refuted there-is server.py:41"]),
    (PYTHON, "There are no tests.", ["refuted untested server_tests.py:4"]),
    (PYTHON, "`read_anything` is untested.", ["supported untested server.py:37"]),
    (PYTHON, "`start` is not tested.", ["refuted untested server_tests.py:4"]),
    (
        PYTHON,
        "No security defects are detected in the code.",
        ["refuted security-defects server.py:20 server.py:29 server.py:39"],
    ),
    (PYTHON, "LS106 in server.py.", ["supported rule-named server.py:20"]),
    (PYTHON, "LS103 at server.py:2.", ["refuted rule-named server.py:22"]),
    (PYTHON, "CWE-89 was found.", ["undecided rule-named"]),
    (PYTHON, "The return value of `bind()` is ignored.", ["refuted return-ignored server.py:21"]),
    (PYTHON, "There are 2 classes.", ["refuted how-many-there-are server.py:12"]),
    (PYTHON, "There is one class.", ["supported how-many-there-are server.py:12"]),
    (PYTHON, "`main()` calls `ask()`.", ["supported calls-a-function server.py:60"]),
    (PYTHON, "`stop()` calls `ask()`.", ["refuted calls-a-function server.py:60"]),
    (PYTHON, "Is `ask()` unused?", []),
    (PYTHON, "3 unused functions remain.", ["supported unused server.py:31 server.py:37 server.py:51"]),
    (QT, "`Recorder` lacks the Q_OBJECT macro.", ["supported missing-Q_OBJECT monitor.h:30 monitor.h:33"]),
    (QT, "`Monitor` does not declare Q_OBJECT.", ["refuted missing-Q_OBJECT monitor.h:11"]),
    (QT, "`Monitor` correctly declares `Q_OBJECT`.", ["supported missing-Q_OBJECT monitor.h:11"]),
    (
        QT,
        "The slot `on_server_newConnection()` is never connected or called.",
        ["refuted unused monitor.cpp:7 monitor.cpp:30"],
    ),
    (QT, "The private method `helper()` is dead code.", ["supported unused monitor.cpp:39"]),
    (QT, "`m_spare` is never used.", ["supported unused monitor.h:27"]),
    (
        QT,
        "The macro `GREETING` is unused, but `RETRY_LIMIT` is used.",
        ["supported unused monitor.h:7 monitor.cpp:20"],
    ),
    (QT, "The `QLocalServer` is created with `new` and never deleted.", ["refuted leak monitor.cpp:4"]),
    (QT, "The `QLocalSocket` in `Monitor::send` is never deleted.", ["supported leak monitor.cpp:17"]),
    (QT, "`m_server` has a parent, so it does not leak.", ["supported leak monitor.cpp:4"]),
    (QT, "The return value of `listen()` is not checked.", ["undecided return-ignored monitor.cpp:12"]),
    (QT, "The result of `waitForConnected()` is ignored.", ["supported result-is-looked-at monitor.cpp:19"]),
    (QT, "The return value of `connectToServer()` is ignored.", ["refuted return-ignored monitor.cpp:18"]),
    (QT, "The access options of the server are not set.", ["refuted permissions monitor.cpp:6"]),
    (QT, "Any local user can connect.", ["refuted permissions monitor.cpp:6"]),
    (QT, "Use the overload `Monitor::send(int, int)` instead.", ["refuted overload monitor.cpp:15 monitor.cpp:24"]),
    (
        QT,
        "`send(const QString &message, int priority)` is an overload that should be used.",
        ["undecided overload monitor.cpp:15 monitor.cpp:24"],
    ),
    (
        QT,
        "Consider `QLocalSocket::write(const QByteArray &, int)` instead, an overload with a time-out.",
        ["refuted overload monitor.cpp:21"],
    ),
    (QT, "`Monitor` inherits from `QThread`.", ["refuted derives-from monitor.h:9"]),
    (QT, "`Monitor` inherits from `QObject`.", ["supported derives-from monitor.h:9"]),
    (QT, "`Monitor::send` is called from several threads.", ["refuted other-threads"]),
    (QT, "There is no destructor `~Monitor` in `Monitor`.", ["supported exists monitor.h:9"]),
    (QT, "`Monitor::close()` leaves the file behind.", ["refuted name monitor.h:9"]),
    (QT, "The pending connection is not checked for null.", ["refuted null-pointer monitor.cpp:33"]),
    (QT, "Naming is consistent.", ["supported naming monitor.h:9"]),
    (QT, "There are 2 signals.", ["supported how-many-there-are monitor.h:19 monitor.h:33"]),
    (QT, "`reconnectTimer` is never stopped.", ["refuted name"]),
]


@pytest.mark.parametrize(("names", "text", "expected"), CLAIMS, ids=[text for _, text, _ in CLAIMS])
def test_a_claim_is_answered_with_its_places(names: tuple[str, ...], text: str, expected: list[str]) -> None:
    assert answers(text, names) == expected


@pytest.mark.parametrize("names", [PYTHON, QT], ids=["Python", "Qt"])
def test_a_review_of_many_claims_gets_the_same_answers_as_each_alone(names: tuple[str, ...]) -> None:
    mine = [(text, expected) for where, text, expected in CLAIMS if where == names and len(expected) == 1]
    listed = "\n".join(f"{number}. {text}" for number, (text, _) in enumerate(mine, 1))
    assert answers(listed, names) == [answer for _, expected in mine for answer in expected]
