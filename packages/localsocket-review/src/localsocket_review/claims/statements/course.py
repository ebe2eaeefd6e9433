"""What a function does on which way: what it returns, how long it goes on, what happens when a call fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import calls_of, names_in, quoted, reached_from, values_of
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.endings import branches_of_failure
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Call, Expression, Literal, Name, This, walk
from localsocket_review.model.statements import (
    Assign,
    Branch,
    Break,
    Evaluate,
    Loop,
    Raise,
    Return,
    Statement,
    Try,
    With,
    contains,
    expressions_in,
    statements_in,
)


def of_subject(matched: Matched, code: Code) -> list[FunctionInfo]:
    """Return the functions of the subject; none where it is not named."""
    return (subject_functions(matched, code, "S") or []) if "S" in matched.names else []


def _returns_for_arguments(matched: Matched, code: Code) -> Truth | None:
    """S returns V when the arguments are too few: a test of argc leads there."""
    wanted = number_of(matched.words["N"])
    found: list[tuple[Return, FunctionInfo]] = []
    for function in of_subject(matched, code):
        for statement in function.statements():
            if isinstance(statement, Branch) and _is_of_arguments(statement.test):
                returns = [one for one in statements_in(statement.then) if isinstance(one, Return)]
                found.extend((one, function) for one in returns if one.value is not None)
    values = [values_of(one.value, function, code) for one, function in found if one.value is not None]
    known = {value for one in values if one for value in one}
    if len(known) != 1 or not all(values) or wanted is None:
        return None
    value = known.pop()
    reason = f"It returns {value:g} then." if isinstance(value, float) else f"It returns {value} then."
    shown = [quoted(one.place, code) for one, _ in found]
    return true(reason, *shown) if value == wanted else false(reason, *shown)


def _is_of_arguments(test: Expression) -> bool:
    """Say whether a test asks for too few arguments, or for another number of them."""
    if not isinstance(test, Binary) or not isinstance(test.right, Literal):
        return False
    left = test.left
    is_length = isinstance(left, Call) and left.called_name == "len" and "argv" in names_in(left)
    if not is_length and not (isinstance(left, Name) and left.identifier == "argc"):
        return False
    return test.operator in ("<", "<=", "!=") or (test.operator == "==" and test.right.value == 1)


_CONSTANTS = {"true": "true", "false": "false", "none": "none", "null": "none", "nullptr": "none"}


def _returns_constant(matched: Matched, code: Code) -> Truth | None:
    """S returns self, True, None: one of its returns does so, or none."""
    functions = of_subject(matched, code)
    if len(functions) != 1 or functions[0].body is None:
        return None
    returns = [one for one in functions[0].statements() if isinstance(one, Return)]
    wanted = matched.words["WHAT"].strip("<>").lower()
    if "WHAT" in matched.names:
        wanted = matched.name("WHAT").name.lower()
    wanted = {"self": "this"}.get(wanted, _CONSTANTS.get(wanted, wanted))
    if wanted not in ("this", "true", "false", "none"):
        return None
    hits = [one for one in returns if one.value is not None and _constant(one.value) == wanted]
    if hits:
        return true(f"It returns {wanted}.", *(quoted(one.place, code) for one in hits), always=len(returns) == 1)
    plain = all(one.value is None or _constant(one.value) for one in returns)
    if wanted == "none" or not plain:
        return None
    return false(f"Nothing in {matched.name('S').text} returns that.", *(quoted(one.place, code) for one in returns))


def _constant(value: Expression) -> str:
    if isinstance(value, This):
        return "this"
    if isinstance(value, Name) and value.identifier.lower() in ("self", *_CONSTANTS):
        return {"self": "this"}.get(value.identifier, _CONSTANTS.get(value.identifier.lower(), ""))
    if isinstance(value, Literal) and (value.value is None or isinstance(value.value, bool)):
        return str(value.value).lower()
    return "other" if isinstance(value, Literal) else ""


def _when_failing(matched: Matched, code: Code) -> Truth | None:
    """S calls X when Y fails: in the branch that is taken then."""
    wanted, failing = matched.name("X").name, matched.name("Y").name
    if not code.calls_of(wanted) or ("ENDS" in matched.words and wanted not in _ENDING):
        return None
    found = [one for function in code.program.functions for one in branches_of_failure(failing, function)]
    if len(found) != 1:
        return None
    calls = [
        call
        for one in statements_in(found[0].then)
        for part in one.expressions()
        for call in walk(part)
        if isinstance(call, Call)
    ]
    hits = [one for one in calls if one.called_name == wanted]
    if hits:
        return true(f"It is called when {failing}() fails.", *(quoted(one.place, code) for one in hits))
    return None


_ENDING = ("exit", "_exit", "abort", "qFatal", "quit", "terminate", "err", "errx", "die", "raise", "kill")


def _endlessly(matched: Matched, code: Code) -> Truth | None:
    """S goes on without end: it has a loop that nothing leaves, or only loops over something counted."""
    functions = of_subject(matched, code)
    if len(functions) != 1:
        return None
    loops = [one for one in functions[0].statements() if isinstance(one, Loop)]
    reached = [one for each in reached_from(functions, code) for one in each.statements() if isinstance(one, Loop)]
    if loops and all(_is_counted(one) for one in reached):
        return false("It is done a limited number of times.", *(quoted(one.place, code) for one in loops))
    if matched.words["HOW"].lower() not in ("loops", "repeats"):
        return None  # a loop without end may be one that serves, and does not try again
    endless = [one for one in loops if one.iterable is None and _is_always(one.test) and not _is_left(one.body)]
    return true("Nothing leaves the loop.", *(quoted(one.place, code) for one in endless)) if endless else None


def _is_counted(loop: Loop) -> bool:
    return isinstance(loop.iterable, Call) and loop.iterable.called_name == "range"


def _is_always(test: Expression | None) -> bool:
    return test is None or (isinstance(test, Literal) and bool(test.value))


def _is_left(body: list[Statement]) -> bool:
    return any(isinstance(one, Break | Return | Raise) for one in statements_in(body))


def _is_retried(_: Matched, code: Code) -> Truth | None:
    """Connecting is tried again: a call of connect() stands in a loop that handles its failure."""
    for call, function in code.calls_of("connect"):
        for loop in function.statements():
            if not isinstance(loop, Loop) or not (_is_counted(loop) or _sleeps(loop.body)):
                continue
            tries = [one for one in statements_in(loop.body) if isinstance(one, Try) and contains(one.body, call)]
            if any(one.handlers and not any(_is_left(each.body) for each in one.handlers) for one in tries):
                return true("connect() is tried again in a loop.", quoted(call.place, code), always=True)
    return None


def _sleeps(body: list[Statement]) -> bool:
    names = ("sleep", "usleep", "nanosleep", "msleep")
    return any(isinstance(one, Call) and one.called_name in names for one in expressions_in(body))


def _is_suppressed(matched: Matched, code: Code) -> Truth | None:
    """Errors of X are suppressed in S: the call stands in a try with a handler, or a `suppress`."""
    functions = subject_functions(matched, code)
    calls = calls_of(matched.name("X"), functions or (), code)
    if not functions or not calls or not all(one.function.unit.assigning_declares for one in calls):
        return None
    for function in functions:
        for statement in function.statements():
            if _swallows(statement) and all(contains(next(iter(statement.bodies())), one.call) for one in calls):
                return true("They are.", quoted(statement.place, code))
    guarded = any(isinstance(one, Try | With) for function in functions for one in function.statements())
    if guarded or matched.words["HOW"].lower() in ("ignored", "caught"):  # people say so of a missing handler, too
        return None
    return false("Nothing there catches an error.", *(quoted(one.place, code) for one in calls))


def _swallows(statement: Statement) -> bool:
    if isinstance(statement, With):
        return any(isinstance(one, Call) and one.called_name == "suppress" for one, _ in statement.items)
    if not isinstance(statement, Try) or not statement.handlers:
        return False
    done = [one for handler in statement.handlers for one in statements_in(handler.body)]
    return not any(isinstance(one, Raise | Evaluate | Assign | Return) for one in done)


def _doubles(matched: Matched, code: Code) -> Truth | None:
    """The W doubles: something of that name is multiplied by two, and by nothing else."""
    factor = {"doubles": 2, "is doubled": 2, "triples": 3, "is tripled": 3}[" ".join(matched.words["HOW"].split())]
    word = stem(re.split(r" (?:between|of|before|after|for) ", matched.words["W"])[0].split()[-1])
    found = [one for one in _scaled(word, code) if one[1] is not None]
    if len(found) != 1:
        return None
    reason = f"It is multiplied by {found[0][1]:g}."
    shown = quoted(found[0][0].place, code)
    return true(reason, shown) if found[0][1] == factor else false(reason, shown)


def _scaled(word: str, code: Code) -> Iterator[tuple[Assign, float | None]]:
    for function in code.program.functions:
        for one in function.statements():
            if isinstance(one, Assign) and one.operator == "*=" and one.value is not None:
                name = getattr(one.target, "identifier", getattr(one.target, "name", ""))
                values = values_of(one.value, function, code)
                if word in {stem(part) for part in parts_of(name)} and values and len(values) == 1:
                    value = next(iter(values))
                    yield one, value if isinstance(value, float) else None


_FEW = (
    r"(?:when|if|unless) (?:the number of arguments is (?:wrong|not right|too small)|(?:it gets |there are )?"
    r"(?:too few|no|not enough) (?:command[- ]line )?arguments?(?: (?:are|is) given)?|(?:no|the wrong number of) "
    r"(?:\w+ )?(?:arguments?|file ?names?|file name|names?|paths?|files?)(?: (?:is|are) (?:given|passed|named))?)$"
)


COURSE = (
    StatementKind(
        "returns for arguments",
        "what a program returns when its arguments are wrong",
        "`main()` returns 2 when the number of arguments is wrong.",
        _returns_for_arguments,
        (rf"{{S}} (?:returns|exits with|ends with) (?:status |code |the status )?{{N}},? {_FEW}",),
    ),
    StatementKind(
        "returns a constant",
        "whether a function returns self, None, True or False",
        "`__enter__` returns `self`.",
        _returns_constant,
        (r"{S} returns? (?P<WHAT><\d+>|self|this|true|false|none|null|nullptr)$",),
    ),
    StatementKind(
        "calls when it fails",
        "what is called when another call fails",
        "The server aborts the program through `qFatal()` when `listen()` fails.",
        _when_failing,
        (
            (
                r"(?:{S}|(?:the |this )?\w+) (?P<ENDS>aborts|ends|exits|stops|terminates|gives up)(?: "
                r"the \w+)? (?:through|with|by|via|by calling|using) {X} (?:when|if) {Y} fails$"
            ),
            r"{S} calls {X} (?:when|if) {Y} fails$",
        ),
    ),
    StatementKind(
        "goes on without end",
        "whether a function tries without end",
        "`connect()` retries forever.",
        _endlessly,
        (
            (
                r"{S} (?P<HOW>retries|tries again|tries|loops|keeps retrying|keeps trying|repeats) "
                r"(?:forever|endlessly|indefinitely|without (?:end|limit|bound)|for ever|infinitely)$"
            ),
        ),
    ),
    StatementKind(
        "connecting is retried",
        "whether connecting is tried again",
        "There is no retry logic for the connection.",
        _is_retried,
        (r"(?:the )?(?:connection|connecting|connect) {BE} (?:retried|tried again)",),
        (
            (
                r"there is no (?:retry|reconnect\w*|retrying)(?: logic| mechanism| loop)?(?: of any "
                r"kind)? for (?:the )?(?:connections?|connecting)$"
            ),
        ),
    ),
    StatementKind(
        "errors are suppressed",
        "whether errors of a call are suppressed",
        "Errors of `shutdown()` are suppressed in `close()`.",
        _is_suppressed,
        (
            (
                r"(?:the |any )?(?:errors?|exceptions?|failures?) (?:of|from|in|raised by) {X} {BE} "
                r"(?P<HOW>suppressed|swallowed|ignored|caught|silenced)"
            ),
        ),
    ),
    StatementKind(
        "doubles",
        "by what a value grows",
        "The delay between attempts doubles each time.",
        _doubles,
        (
            (
                r"(?:the |its )?(?P<W>[a-z]+(?: (?:between|before|after|of|for) [a-z ]+?)?) "
                r"(?P<HOW>doubles|is doubled|triples|is tripled)(?: each time| every time| after each "
                r"(?:attempt|failure|try)| with each \w+)?$"
            ),
        ),
    ),
)
