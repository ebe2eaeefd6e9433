"""Whether what a function opens or is given is closed in it, and whether what is made has an owner."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted, reached_from
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.judging import stem
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.claims.word_sets import word_set
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Call, Expression, Unary, dotted, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Branch, Return, With, statements_in

_CLOSING = word_set(
    "close aclose shutdown delete deleteLater qDeleteAll free fclose closesocket disconnectFromServer "
    "abort reset terminate "
    "free_all stop release closedir munmap CloseHandle"
)


def _closes(matched: Matched, code: Code) -> Truth | None:
    """S closes THING."""
    functions = subject_functions(matched, code)
    if functions is None or ("S" not in matched.names and not matched.scopes):
        return None
    things = (
        [matched.name("X").name]
        if "X" in matched.names
        else [matched.words.get("THING", ""), matched.words.get("OF", "")]
    )
    closings = list(_closings(functions))
    fitting = [place for words, place in closings if any(_is_meant(thing, words) for thing in things if thing)]
    if fitting:
        return true(
            "It is closed.", *(quoted(one, code) for one in fitting), always=_is_on_every_way(fitting, functions)
        )
    if closings:
        return unknown(
            "Something is closed there; whether it is that, is not decided here.",
            *(quoted(place, code) for _, place in closings),
        )
    if list(_closings(reached_from(functions, code))):
        return unknown("Something is closed by functions that are called there.")
    return false(
        f"Nothing is closed there; searched: {code.extent}.", *(quoted(one.place, code) for one in functions[:1])
    )


def _closings(functions: list[FunctionInfo]) -> Iterator[tuple[set[str], Place]]:
    for function in functions:
        for call in function.calls():
            if call.called_name in _CLOSING:
                yield _words_of(call), call.place
        for statement in function.statements():
            if isinstance(statement, With):
                for context, taken in statement.items:
                    parts = [dotted(one) for one in (context, taken) if one is not None]
                    parts += [context.called_name] if isinstance(context, Call) else []
                    yield {word.lower() for part in parts for word in part.split(".")}, statement.place


def _words_of(call: Call) -> set[str]:
    found = [call.receiver] if call.receiver is not None else []
    words = {word.lower() for one in (*found, *call.arguments) for word in dotted(one).split(".")}
    for one in call.arguments:
        inner = getattr(one, "value", None)
        if inner is not None and not isinstance(inner, str | bytes | int | float):
            words |= {word.lower() for word in dotted(inner).split(".")}
    return words


def _is_meant(thing: str, words: set[str]) -> bool:
    wanted = stem(thing.lower().strip("_"))
    return any(
        wanted
        and (
            wanted in stem(word)
            or (stem(word) and stem(word) == wanted)
            or (len(word) >= 4 and word in thing.lower())
            or (wanted.startswith(stem(word)) and len(stem(word)) >= 3)
        )
        for word in words
    )


def _is_on_every_way(places: list[Place], functions: list[FunctionInfo]) -> bool:
    """Say whether it is closed by a with statement, or in a finally."""
    for function in functions:
        for statement in function.statements():
            if isinstance(statement, With) and statement.place in places:
                return True
            for inner in getattr(statement, "finally_body", ()):
                if any(
                    place.line >= inner.place.line and place.line <= max(inner.place.end_line, inner.place.line)
                    for place in places
                ):
                    return True
    return False


def _closes_when_failing(matched: Matched, code: Code) -> Truth | None:
    """THING is closed when Y fails: in the branch that is taken then."""
    functions = subject_functions(matched, code) or list(code.program.functions)
    name = matched.name("Y").name
    branches = [found for function in functions for found in branches_of_failure(name, function)]
    if len(branches) != 1:
        return None
    branch = branches[0]
    shown = quoted(branch.test.place, code)
    statements = list(statements_in(branch.then))
    closings = [
        call.place
        for one in statements
        for part in one.expressions()
        for call in walk(part)
        if isinstance(call, Call) and call.called_name in _CLOSING
    ]
    if closings:
        return true(f"It is closed when {name}() fails.", shown, *(quoted(one, code) for one in closings))
    if any(isinstance(one, Return) for one in statements):
        return false(
            f"The function is left without closing it when {name}() fails.",
            shown,
            *(quoted(one.place, code) for one in statements if isinstance(one, Return)),
        )
    return None


def branches_of_failure(name: str, function: FunctionInfo) -> Iterator[Branch]:
    taken: set[str] = set()
    for statement in function.statements():
        if isinstance(statement, Assign) and statement.value is not None and _calls_it(statement.value, name):
            taken.add(dotted(statement.target))
        if isinstance(statement, Branch):
            test = statement.test
            is_failing = any(
                isinstance(one, Unary) or (isinstance(one, Binary) and one.operator in _FAILING) for one in walk(test)
            )
            asks = _calls_it(test, name) or any(dotted(part) in taken - {""} for part in walk(test))
            if is_failing and asks:
                yield statement


_FAILING = ("<", "==", "<=", "!=")


def _calls_it(expression: Expression, name: str) -> bool:
    return any(isinstance(part, Call) and part.called_name == name for part in walk(expression))


_CLOSE = r"(?:closes?|closing|frees?|releases?|deletes?|destroys?|cleans? up|shuts? down)"
_THING = (
    r"(?:the |its |an? |his |that |each |every )?(?:(?P<OF>\w+)(?:'s)? )?(?P<THING>descriptor|"
    r"connection|socket|writer|client|file|channel|reader|handle|server|listener)s?(?: it (?:receives|"
    r"opens|accepts|gets|creates|is given))?"
)

_WHEN_FAILS = (
    r"(?:when|if|after|in case)(?: a call (?:of|to))? {Y} (?:fails|failed|has failed|returns -1|"
    r"returns an error|goes wrong)"
)

ENDINGS = (
    StatementKind(
        "closes when a call fails",
        "whether something is closed when a call fails",
        "When `listen()` fails, the descriptor isn't closed.",
        _closes_when_failing,
        (
            rf"(?:{_THING}|(?:the )?(?:\w+ )?{{X}}) {{BE}} (?:closed|released|freed) {_WHEN_FAILS}",
            rf"{{S}} {_CLOSE} (?:{_THING}|(?:the )?(?:\w+ )?{{X}}) {_WHEN_FAILS}",
        ),
        (
            rf"(?:{_THING}|(?:the )?(?:\w+ )?{{X}}) (?:{{BE}} leaked|leaks?|{{BE}} left open) {_WHEN_FAILS}",
            rf"{{S}} leaks (?:{_THING}|(?:the )?(?:\w+ )?{{X}}) {_WHEN_FAILS}",
        ),
    ),
    StatementKind(
        "closes",
        "whether a function closes what it uses",
        "`ask()` never closes its connection.",
        _closes,
        (
            rf"{{S}} {_CLOSE} (?:{{X}}|{_THING})",
            rf"(?:{{X}}|{_THING}) {{BE}} (?:closed|freed|released|deleted) (?:by|in) {{S}}",
        ),
        (rf"{{S}} leaves (?:{{X}}|{_THING}) open$",),
    ),
)
