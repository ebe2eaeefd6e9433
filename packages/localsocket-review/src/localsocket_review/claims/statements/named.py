"""Calls that are said to be there, in whatever words, and are nowhere; conditions that ask for a name."""

from __future__ import annotations

import re
import sys

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import calls_of, quoted, words_in
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.expressions import walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Branch, Choice, Loop

_BY_MEANS_OF = re.compile(
    (
        r"(?:^(?=(?:the |an? )?<\d+> (?:blocks?|sends?|reads?|writes?|closes?|removes?|waits?|opens?|"
        r"accepts?|sets?|copies|overflows?|"
        r"formats?|sleeps?|deletes?|frees?|locks?|starts?|converts?|parses?|decodes?)\b)|\b(?:with|by|"
        r"through|via|using|uses|calls|from|on|in|invokes|thanks to|passed to|given to|handed to) )(?:the |"
        r"an? |its )?(?:[a-z]+ )?<(?P<mark>\d+)>"
    ),
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\b(?:would|could|should|might|instead|unlike|like|rather|no|not|never|without|missing|lacks?|lacking|neither|nor|"
    r"nothing|none|absent|absence|nowhere|raises?|throws?|if|unless|forgotten|e\.g|such as|similar|same as|compared|"
    r"replac\w+|rename\w*|recommend\w*|prefer\w*|better|safer|thread-?safe|overload\w*|unused|dead|exist\w*|"
    r"unnecessary|needless|untested|undefined|only in)\b",
    re.IGNORECASE,
)


def _by_means_of(matched: Matched, code: Code) -> Truth | None:
    """Something is done with X: where X is called nowhere, it is not."""
    wording = matched.wording
    if wording.is_negated or wording.is_wanted or wording.has_second_negation or _NOT_SO.search(wording.core):
        return None
    for match in _BY_MEANS_OF.finditer(wording.core):
        mention = wording.named(match["mark"])
        if _is_nowhere(mention, code):
            return false(f"{mention.text} is nowhere in the code; searched: {code.extent}.")
    return None


def _is_nowhere(mention: Mention, code: Code) -> bool:
    is_call = mention.arguments is not None or mention.qualifier in sys.stdlib_module_names
    is_type = mention.text.startswith("std::") or re.fullmatch(r"Q[A-Z]\w+", mention.name) is not None
    if mention.is_file or not (is_call or is_type) or mention.name in code.names or "~" in mention.name:
        return False
    if calls_of(mention, code.program.functions, code):
        return False
    return mention.qualifier in sys.stdlib_module_names or not code.occurrences(mention.name)


def _asks_for(matched: Matched, code: Code) -> Truth | None:
    """S tests X, which is a name and no call: a condition has it."""
    functions = subject_functions(matched, code)
    mention = matched.name("X")
    if functions is None or "S" not in matched.names or mention.arguments is not None or mention.is_file:
        return None
    for function in functions:
        for statement in function.statements():
            test = (
                statement.test
                if isinstance(statement, Branch | Loop)
                else statement.subject
                if isinstance(statement, Choice)
                else None
            )
            parts = list(walk(test)) if test is not None else []
            if any(mention.name in (getattr(one, "identifier", ""), getattr(one, "name", "")) for one in parts):
                return true(f"{matched.name('S').text} asks for {mention.text}.", quoted(statement.place, code))
    places = words_in(mention.name, functions, code)
    if places:
        return unknown(f"{mention.text} is named there.", *(quoted(one, code) for one in places))
    return false(
        f"{mention.text} is not named in {matched.name('S').text}; searched: {code.extent}.",
        quoted(functions[0].place, code),
    )


def _is_made_in(matched: Matched, code: Code) -> Truth | None:
    """X is created in S: its name stands there."""
    functions = subject_functions(matched, code)
    mention = matched.name("X")
    if functions is None or not ("S" in matched.names or matched.scopes):
        return None
    places = words_in(mention.name, functions, code)
    if places:
        return true(f"{mention.text} is made there.", *(quoted(one, code) for one in places))
    elsewhere = code.occurrences(mention.name)
    if not elsewhere or mention.name in code.names or "~" in mention.name:
        return None
    return false(f"{mention.text} is not named there.", *(quoted(one, code) for one in elsewhere))


def _is_allocated(matched: Matched, code: Code) -> Truth | None:
    """X is allocated with new."""
    functions = subject_functions(matched, code)
    if functions is None:
        return None
    wanted = matched.name("X").name if "X" in matched.names else ""
    if wanted in code.names and code.program.class_named(wanted) is None:
        return _holds_new(wanted, code)
    made = [call.place for one in functions for call in one.calls() if call.is_new and wanted in ("", call.called_name)]
    if made:
        return true("It is allocated with new.", *(quoted(one, code) for one in made))
    return false(f"Nothing is allocated with new there; searched: {code.extent}.")


def _holds_new(name: str, code: Code) -> Truth | None:
    """Say whether a variable is given what `new` makes, as it is written."""
    for unit in code.program.units:
        match = re.search(rf"\b{re.escape(name)}\s*[=(]\s*new\b", unit.code)
        if match is not None:
            place = Place(unit.path, unit.code.count("\n", 0, match.start()) + 1)
            return true(f"{name} is allocated with new.", quoted(place, code))
    return None


def _are_there(_: Matched, code: Code) -> Truth | None:
    """Things are declared: of a program that has any, that is nothing to doubt."""
    functions = [one for one in code.functions if one.body is not None]
    return true("They are there.", quoted(functions[0].place, code)) if functions else None


_THINGS = r"(?:variables|functions|methods|members|classes|macros|sockets|objects|threads|names|constants)"

NAMED = (
    StatementKind(
        "is allocated",
        "whether something is allocated with new",
        "The `QLocalSocket` objects are allocated with `new`.",
        _is_allocated,
        (
            (
                r"(?:{X}|(?:the |some )?(?:code|file|memory|sockets|objects)) (?:is|are|allocates|uses)(?: "
                r"memory)?(?: allocated| created| made)?(?: with| using| by)? new\b"
            ),
        ),
    ),
    StatementKind(
        "things are there",
        "what nobody doubts: that things are declared",
        "Some variables are declared.",
        _are_there,
        (rf"(?:some|the|several|many|there are) {_THINGS}(?:,? (?:and|or) {_THINGS})? (?:are )?(?:declared|defined)$",),
    ),
    StatementKind(
        "asks for",
        "whether a function tests something",
        "`recv_fd()` does not check `MSG_CTRUNC`.",
        _asks_for,
        (r"{S} (?:tests?|checks?|looks? at|inspects?|examines?|verif(?:y|ies)|compares?)(?: for)? {X}",),
    ),
    StatementKind(
        "is made in",
        "where an object is made",
        "The `QLocalServer` is created inside `run()`.",
        _is_made_in,
        (
            (
                r"{X} (?:is|are) (?:created|made|constructed|instantiated|allocated)(?: on the (?:stack|heap))? "
                r"(?:in|inside|within|by) {S}"
            ),
            r"{S} (?:creates|constructs|instantiates) {X}$",
        ),
    ),
    StatementKind(
        "is done with",
        "what is said to be done with a call that is nowhere",
        "Pending connections are fetched with `accept()`.",
        _by_means_of,
        (r"(?P<ALL>.*)",),
        takes_rest=True,
    ),
)
