"""Which kind a sentence is taken for, what it is about, and what is no claim."""

from __future__ import annotations

import pytest

from localsocket_review.claims.claim import Claim
from localsocket_review.claims.kinds import all_kinds
from localsocket_review.claims.mentions import mentions_in
from localsocket_review.claims.recognising import claims_of
from localsocket_review.claims.review_text import read_review

KNOWN = {"serve", "receive", "run", "stop", "Echo"}
EXAMPLES = [(kind.name, example) for kind in all_kinds() for example in kind.examples]


def claims(text: str) -> list[Claim]:
    return [claim for point in read_review(text) for claim in claims_of(point, KNOWN)]


def told(text: str) -> list[tuple[str, bool, tuple[str, ...]]]:
    return [(claim.kind, claim.is_complaint, claim.names) for claim in claims(text) if claim.kind != "something else"]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[f"{kind}: {example}" for kind, example in EXAMPLES])
def test_the_examples_of_a_kind_are_recognised_as_it(kind: str, example: str) -> None:
    assert kind in {claim.kind for claim in claims(example)}


def test_no_two_kinds_have_one_name() -> None:
    names = [kind.name for kind in all_kinds()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "is_complaint"),
    [
        ("`stop()` is unused.", True),
        ("`stop()` is not unused.", False),
        ("`stop()` is never called.", True),
        ("It is not true that `stop()` is never called.", False),
        ("`stop()` isn't used.", True),
        ("`stop()` is used.", False),
        ("Unused functions such as `stop()` were not found.", False),
    ],
)
def test_negations_turn_a_claim_round(text: str, is_complaint: bool) -> None:
    assert told(text) == [("unused", is_complaint, ("stop()",))]


@pytest.mark.parametrize("hedge", ["might leak", "could leak", "may possibly leak", "seems to leak"])
def test_a_hedge_is_noted_and_changes_nothing(hedge: str) -> None:
    (claim,) = claims(f"`Echo` {hedge}.")
    assert (claim.kind, claim.is_complaint, claim.is_hedged) == ("leak", True, True)
    (plain,) = claims("`Echo` leaks.")
    assert not plain.is_hedged


@pytest.mark.parametrize(
    "text",
    [
        "Is `stop()` unused?",
        "Without it, the class is not registered.",
        "Otherwise the socket leaks.",
        "Thanks for the nice program!",
        "```\n`stop()` is unused.\n```",
        "-----",
        "",
    ],
)
def test_questions_consequences_and_code_claim_nothing(text: str) -> None:
    assert told(text) == []


def test_one_sentence_may_claim_several_things() -> None:
    assert told("`serve()` leaks, and `stop()` is unused; `run()` is not thread-safe.") == [
        ("leak", True, ("serve()",)),
        ("unused", True, ("stop()",)),
        ("other thread", True, ("run()",)),
    ]


def test_several_names_are_as_many_claims() -> None:
    assert [names for _, _, names in told("`run`, `stop` and `serve` are never used.")] == [
        ("run",),
        ("stop",),
        ("serve",),
    ]
    assert [names for _, _, names in told("`run` and `stop` are declared, but never used.")][-2:] == [
        ("run",),
        ("stop",),
    ]


def test_it_and_the_class_are_what_was_spoken_of_before() -> None:
    assert told("`Echo` is a handler. It leaks.") == [("leak", True, ("Echo",))]
    assert told("### `Echo`\n\nThe class is missing Q_OBJECT.") == [("missing Q_OBJECT", True, ("Echo",))]
    assert told("- `Echo` is a handler.\n- It leaks.")[-1] == ("leak", True, ())


def test_a_list_is_said_of_by_what_leads_to_it() -> None:
    expected = [("unused", True, ("run()",)), ("unused", True, ("stop()",))]
    assert told("The following functions are never used:\n\n- `run()`\n- `stop()`\n") == expected
    assert told("## Unused functions\n\n* `run()` in the server\n* `stop()`\n") == expected
    assert told("Some functions are unused. For example, `run()` and `stop()`.") == expected


def test_points_are_numbered_as_people_number_them() -> None:
    text = "1. `run` is unused.\n2) `stop` is unused.\n(3) `serve` is unused.\nPoint 4: `run` leaks.\n### 5. Leaks\n"
    text += "`Echo` leaks."
    assert [claim.point for claim in claims(text)] == ["1", "2", "3", "4", "5"]
    assert [claim.line for claim in claims(text)] == [1, 2, 3, 4, 6]


def test_a_number_is_counted_and_a_version_is_not() -> None:
    assert claims("There are three unused functions.")[0].count == 3
    assert claims("There are unused functions, as Qt 6.5 shows.")[0].count is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`Server::listen(const QString &, int)` is there", ["Server::listen(const QString &, int)"]),
        ("Server.listen() and m_socket, A_LIMIT", ["Server.listen()", "m_socket", "A_LIMIT"]),
        ("ServerThread and a Thread", ["ServerThread"]),
        ("the function serve and the method run", ["serve", "run"]),
        ("the run to the shop, e.g. on GitHub with JavaScript", []),
        ("function(s) in server.cpp:12 break LS106", ["server.cpp", "LS106"]),
        ("`void stop()` and `new QLocalSocket(this)` and `if (x) { run(); }`", ["stop()", "QLocalSocket", "run"]),
        ("C++ and TCP/IP, 3.5 MB/s", []),
    ],
)  # fmt: skip
def test_names_of_code_are_told_from_words(text: str, names: list[str]) -> None:
    assert [mention.text for mention in mentions_in(text, KNOWN)] == names
