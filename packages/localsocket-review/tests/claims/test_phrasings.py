"""How people say a thing and its contrary: several hundred phrasings, made by rules and by hand, with their polarity.

Each phrasing has a place for a name. Of one name what it says is so, of its twin it is not: a phrasing that denies must
be supported of the twin, and refuted of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
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

PROGRAM = Path(__file__).parent / "programs" / "phrases"

# What stands ahead of a sentence and changes nothing.
OPENINGS = (
    "",
    "However, ",
    "It seems that ",
    "Note that ",
    "I noticed that ",
    "As far as I can see, ",
    "In this file, ",
    "Also, ",
)
# A phrasing, and whether it says that it is so.
CALLS = {
    "`opened()` calls {}.": True,
    "`opened()` invokes {}.": True,
    "`opened()` uses {}.": True,
    "`opened()` makes use of {}.": True,
    "`opened()` contains a call to {}.": True,
    "{} is called in `opened()`.": True,
    "{} is called by `opened()`.": True,
    "{} is used in `opened()`.": True,
    "there is a call to {} in `opened()`.": True,
    "`opened()` probably calls {}.": True,
    "`opened()` does not call {}.": False,
    "`opened()` doesn't call {}.": False,
    "`opened()` never calls {}.": False,
    "`opened()` no longer calls {}.": False,
    "`opened()` fails to call {}.": False,
    "`opened()` forgets to call {}.": False,
    "`opened()` neglects to call {}.": False,
    "`opened()` should call {}.": False,
    "`opened()` makes no call to {}.": False,
    "{} is not called in `opened()`.": False,
    "{} isn't called by `opened()`.": False,
    "{} is never called in `opened()`.": False,
    "{} is nowhere called in `opened()`.": False,
    "there is no call to {} in `opened()`.": False,
    "`opened()` doesn't use {}.": False,
    "`opened()` does not even call {}.": False,
}
IMPORTS = {
    "{} is imported but never used.": False,
    "{} is imported but not used.": False,
    "{} is imported without being used.": False,
    "{} is imported but unused.": False,
    "{} is an unused import.": False,
    "the import of {} is not needed.": False,
    "the import of {} is unnecessary.": False,
    "{} is not an unused import.": True,
    "{} is imported and used.": True,
    "the import of {} is needed.": True,
}
HANDLED = {
    "`served()` catches {}.": True,
    "`served()` handles {}.": True,
    "{} is caught in `served()`.": True,
    "{} is handled by `served()`.": True,
    "`served()` does not catch {}.": False,
    "`served()` doesn't handle {}.": False,
    "`served()` never catches {}.": False,
    "`served()` fails to handle {}.": False,
    "{} isn't caught in `served()`.": False,
    "{} is never handled in `served()`.": False,
    "{} goes unhandled in `served()`.": False,
    "`served()` should handle {}.": False,
}
DERIVES = {
    "{} derives from `Base`.": True,
    "{} inherits from `Base`.": True,
    "{} is a subclass of `Base`.": True,
    "{} is derived from `Base`.": True,
    "{} extends `Base`.": True,
    "{} does not derive from `Base`.": False,
    "{} doesn't inherit from `Base`.": False,
    "{} is not a subclass of `Base`.": False,
    "{} isn't derived from `Base`.": False,
    "{} never inherits from `Base`.": False,
    "{} should derive from `Base`.": False,
}
EXPLICIT = {
    "the constructor of {} is explicit.": True,
    "the constructor of {} is marked explicit.": True,
    "the constructor of {} is declared `explicit`.": True,
    "{}'s constructor is explicit.": True,
    "the constructor of {} is not explicit.": False,
    "the constructor of {} isn't `explicit`.": False,
    "the constructor of {} is not marked explicit.": False,
    "the constructor of {} should be explicit.": False,
    "the constructor of {} ought to be marked explicit.": False,
    "the constructor of {} lacks `explicit`.": False,
    "{}'s constructor isn't explicit.": False,
    "I'd make the constructor of {} explicit.": False,
    "I'd also make the constructor of {} explicit.": False,
}
MACRO = {
    "{} has the `Q_OBJECT` macro.": True,
    "{} declares `Q_OBJECT`.": True,
    "{} lacks the `Q_OBJECT` macro.": False,
    "{} is missing the `Q_OBJECT` macro.": False,
    "{} does not have the `Q_OBJECT` macro.": False,
    "{} has no `Q_OBJECT`.": False,
    "`Q_OBJECT` is missing in {}.": False,
    "the `Q_OBJECT` macro was forgotten in {}.": False,
    "please add `Q_OBJECT` to {}.": False,
    "{} should declare `Q_OBJECT`.": False,
}
RESULTS = {
    "the return value of {} is checked.": True,
    "the result of {} is used.": True,
    "the return value of {} is ignored.": False,
    "the result of {} is discarded.": False,
    "the return value of {} is not checked.": False,
    "the return value of {} isn't checked.": False,
    "the result of {} is never checked.": False,
    "the return value of {} goes unchecked.": False,
    "no return value of {} is checked.": False,
    "the return value of {} does not go unchecked.": True,
    "the return value of {} is not ignored.": True,
}
# The phrasings, the name of which they are so, and the one of which they are not.
FAMILIES = (
    (CALLS, "`listen()`", "`chmod()`"),
    (IMPORTS, "`socket`", "`stat`"),
    (HANDLED, "`TimeoutError`", "`KeyError`"),
    (DERIVES, "`Derived`", "`Base`"),
    (EXPLICIT, "`Shape`", "`Plain`"),
    (MACRO, "`Shape`", "`Plain`"),
    (RESULTS, "`QLocalServer::listen()`", "`waitForNewConnection()`"),
)
BY_HAND = (
    ("`opened()` listens with a backlog of 8.", None),
    ("The default backlog of `opened()` is 8.", True),
    ("The default backlog of `opened()` is 5.", False),
    ("`opened()` takes a `backlog` argument that defaults to 8.", True),
    ("`opened()` takes a `timeout` argument that defaults to 8.", False),
    ("`opened()` takes two parameters.", True),
    ("`opened()` takes three parameters.", False),
    ("`bind()` is called before `listen()`.", True),
    ("`bind()` is called after `listen()`.", False),
    ("`listen()` is called only after `bind()`.", True),
    ("`bind()` isn't called before `listen()`.", False),
    ("`close()` is called once.", True),
    ("`close()` is called twice.", False),
    ("`connection.close()` is never called.", False),
    ("`served()` closes the connection.", True),
    ("`served()` never closes the connection.", False),
    ("`served()` fails to close the connection.", False),
    ("`served()` does not fail to close the connection.", True),
    ("The server is single-threaded.", True),
    ("The server is multi-threaded.", False),
    ("No thread is started.", True),
    ("The server starts a thread for each client.", False),
    ("The server forks a child process for each client.", False),
    ("Messages are encoded as JSON.", False),
    ("Clients are read with `recv()`.", False),
    ("`os.remove()` is called in `served()`.", True),
    ("`shutil.remove()` is called in `served()`.", False),
    ("`served()` is defined in `asked.py`.", True),
    ("`served()` is defined in `asked.cpp`.", False),
    ("`opened()` is defined on line 16.", True),
    ("`opened()` is defined on line 61.", False),
    ("Line 18 of `asked.py` binds the server.", True),
    ("Line 18 of `asked.py` closes the server.", False),
    ("`Shape::draw()` is const.", True),
    ("`Plain::draw()` should be const.", True),
    ("`Shape::draw()` could be const.", False),
    ("`Shape::draw()` is virtual.", True),
    ("`asked.cpp` includes `QTimer` without using it.", True),
    ("`QLocalServer` is included but not used.", False),
    ("`served()` gives up after 30 seconds.", False),
    ("`served()` calls `AgentSession.create_session()` twice.", False),
    ("`ChatServer.shutdown()` does not wait for clients.", False),
    ("Is `opened()` called?", None),
    ("`listen()` might not be safe here.", None),
    ("`opened()` calls `listen()` when somebody asks for it.", None),
    ("If `bind()` failed, `opened()` would raise.", None),
    ("`opened()` is badly named.", None),
)  # fmt: skip


# Each phrasing, whether it says that it is so, the name of which it is so, and its twin.
PHRASINGS = [
    (phrasing, says_so, so, not_so) for phrasings, so, not_so in FAMILIES for phrasing, says_so in phrasings.items()
]


def check(number: int, openings: Sequence[str]) -> None:
    """Check a phrasing after these openings, of the name of which it is so and of its twin."""
    phrasing, says_so, so, not_so = PHRASINGS[number]
    for name, is_right in ((so, says_so), (not_so, not says_so)):
        opened = [opening + phrasing.format(name) for opening in openings]
        expected = Verdict.SUPPORTED if is_right else Verdict.REFUTED
        assert not [each for each in opened if verdict(each[:1].upper() + each[1:]) is not expected]


@cache
def code() -> Code:
    return Code(Facts(Program([read_file(path) for path in collect([PROGRAM])])))


def verdict(sentence: str) -> Verdict | None:
    found = [one.answer.verdict for one in check_review_of_code(sentence, code()).claims]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("number", range(len(PHRASINGS)))
def test_a_phrasing_made_by_rules_is_read_for_what_it_says(number: int) -> None:
    check(number, [OPENINGS[0], OPENINGS[1 + number % (len(OPENINGS) - 1)]])


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", range(len(PHRASINGS)))
def test_no_opening_changes_what_a_phrasing_says(number: int) -> None:
    check(number, OPENINGS)


@pytest.mark.parametrize(("sentence", "is_right"), BY_HAND)
def test_a_phrasing_written_by_hand_is_read_for_what_it_says(sentence: str, is_right: bool | None) -> None:
    if is_right is None:
        assert verdict(sentence) in (None, Verdict.UNDECIDED)
    else:
        assert verdict(sentence) is (Verdict.SUPPORTED if is_right else Verdict.REFUTED)


def test_there_are_several_hundred_of_them() -> None:
    assert 2 * len(PHRASINGS) * len(OPENINGS) + len(BY_HAND) > 1000
