"""A name that is translated, given to the same function: `listen(QObject::tr("foo"))`."""

from __future__ import annotations

import re

from localsocket_review.apis.qt_overloads import overloads_of
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true

_THREADS = re.compile(r"thread|lock|mutex|race|concurren", re.IGNORECASE)
_ANOTHER = re.compile(
    (
        r"\b(?:another|different|other|second|new|separate)\b.*\b(?:overload|function|version|variant|"
        r"signature)|\boverload"
    ),
    re.IGNORECASE,
)


def _is_translated(matched: Matched, code: Code) -> Truth | None:
    text = matched.wording.core
    arguments = [one.arguments or "" for one in matched.wording.mentions] + [
        one.text for one in matched.wording.mentions
    ]
    if not any(re.search(r"\btr\(", one) for one in arguments):
        return None
    called = next(
        (one.name for one in matched.wording.mentions if overloads_of(one.name) and one.name != "tr"), "listen"
    )
    places = [quoted(call.place, code) for call, _ in code.calls_of(called)]
    same = (
        f"tr() gives a QString, so {called}(QObject::tr(...)) is the same overload, {called}(const QString&), with a "
        "translated name: it changes no thread."
    )
    if _THREADS.search(text):
        return Truth(matched.wording.is_negated, same, tuple(places))  # wanted or promised: it is not so
    if re.search(r"\bsame\b", text) and _ANOTHER.search(text):
        return true(same, *places)
    if _ANOTHER.search(text):
        return false(same, *places)
    if re.search(r"\bcompiles?\b", text):
        return true(same, *places)
    return None


def _compiles(matched: Matched, code: Code) -> Truth | None:
    """A call as it stands in the code, with a text where Qt wants a QString, compiles."""
    mention = matched.name("X")
    takes_text = any(
        one.partition("=")[0].strip().startswith(("QString", "const QString"))
        for _, parameters in overloads_of(mention.name)
        for one in parameters
    )
    calls = code.calls_of(mention.name)
    if not mention.arguments or not mention.arguments.startswith('"') or not takes_text or not calls:
        return None
    return true(
        f"A QString is made of the text, so {mention.text} compiles.", *(quoted(call.place, code) for call, _ in calls)
    )


TRANSLATED = (
    StatementKind(
        "translated name",
        "what a translated name changes",
        'Calling `listen(QObject::tr("foo"))` would make the call thread-safe.',
        _is_translated,
        (r"(?P<ALL>.*)",),
        takes_rest=True,
    ),
    StatementKind(
        "compiles", "whether a call compiles", '`listen("foo")` does not compile.', _compiles, (r"{X} compiles?",)
    ),
)
