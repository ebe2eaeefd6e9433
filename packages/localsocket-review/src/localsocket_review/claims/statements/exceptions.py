"""Which exceptions and interruptions a program handles, and what it throws."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, dotted
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Raise, Try, With

_SAME = {"timeout": "TimeoutError", "IOError": "OSError", "EnvironmentError": "OSError", "error": "OSError"}


def _ancestors(name: str) -> set[str]:
    """Return the exception and all that catching would catch it."""
    found = getattr(builtins, _SAME.get(name, name), None)
    if isinstance(found, type) and issubclass(found, BaseException):
        return {one.__name__ for one in found.__mro__} - {"object"} | {name}
    return {name, "Exception", "BaseException", "..."}


def is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Timeout", "Interrupt", "Exit", "Warning")) or name in (
        "StopIteration",
    )


def handlers_in(functions: list[FunctionInfo]) -> Iterator[tuple[set[str], Place]]:
    """Yield what each handler catches; nothing named catches everything."""
    for function in functions:
        for statement in function.statements():
            if isinstance(statement, Try):
                for handler in statement.handlers:
                    yield {_name(one) for one in _parts(handler.types)} or {"BaseException", "..."}, handler.place
            elif isinstance(statement, With):
                for context, _ in statement.items:
                    if isinstance(context, Call) and context.called_name == "suppress":
                        yield {_name(one) for one in _parts(context.arguments)}, statement.place


def _parts(types: tuple[Expression, ...]) -> Iterator[Expression]:
    for one in types:
        children = tuple(one.children()) if type(one).__name__ == "Display" else ()
        yield from children or (one,)


def _name(expression: Expression) -> str:
    words = dotted(expression) or getattr(expression, "identifier", "")
    return last_word(words).replace("const ", "").strip("& ")


def _is_handled(matched: Matched, code: Code) -> Truth | None:
    functions = subject_functions(matched, code)
    wanted = [one for one in matched.names["X"] if is_exception(one.name)]
    if functions is None or len(wanted) != len(matched.names["X"]):
        return None
    handlers = list(handlers_in(functions))
    for mention in wanted:
        direct = [
            place
            for names, place in handlers
            if _SAME.get(mention.name, mention.name) in {_SAME.get(one, one) for one in names}
        ]
        wider = [place for names, place in handlers if names & _ancestors(mention.name)]
        if direct:
            return true(f"{mention.text} is handled.", *(quoted(one, code) for one in direct))
        if wider:
            return unknown(f"A handler catches more than {mention.text}.", *(quoted(one, code) for one in wider))
    where = f" in {matched.name('S').text}" if "S" in matched.names else ""
    shown = [quoted(one.place, code) for one in functions[:1]] if "S" in matched.names else []
    return false(f"Nothing{where} catches {wanted[0].text}; searched: {code.extent}.", *shown)


def _handles_any(matched: Matched, code: Code) -> Truth | None:
    functions = subject_functions(matched, code)
    if functions is None or "S" not in matched.names:
        return None
    handlers = list(handlers_in(functions))
    if handlers:
        return true(f"{matched.name('S').text} catches exceptions.", *(quoted(place, code) for _, place in handlers))
    return false(f"{matched.name('S').text} has no handler.", *(quoted(one.place, code) for one in functions[:1]))


def _raises(matched: Matched, code: Code) -> Truth | None:
    """S throws; only a throw that is written counts, and its absence is exhaustive for C++ alone."""
    functions = subject_functions(matched, code)
    if functions is None:
        return None
    raised = [one for function in functions for one in function.statements() if isinstance(one, Raise)]
    names = [one.name for one in matched.names.get("X", ())]
    fitting = [one for one in raised if not names or (one.value is not None and _raised_name(one.value) in names)]
    if fitting:
        return true("It is thrown.", *(quoted(one.place, code) for one in fitting))
    if raised or not names:
        has_none = not any(
            isinstance(one, Raise) for function in code.program.functions for one in function.statements()
        )
        if has_none and not names and functions and not functions[0].unit.assigning_declares:
            return false(f"Nothing is thrown; searched: {code.extent}.")
    return None


def _raised_name(value: Expression) -> str:
    return value.called_name if isinstance(value, Call) else _name(value)


def _is_retried(matched: Matched, code: Code) -> Truth | None:
    """X is retried on EINTR: the loop around its call names it."""
    functions = subject_functions(matched, code, "S") or list(code.program.functions)
    mention, reason = matched.name("X"), _reason_of(matched)
    if reason is None:
        return None
    seen: list[Place] = []
    for function in functions:
        for call in function.calls():
            if call.called_name != mention.name:
                continue
            seen.append(call.place)
            if code.facts.flow(function).is_in_loop(call) and _names_near(reason.name, call.place, code):
                return true(f"{mention.text} is tried again on {reason.name}.", quoted(call.place, code))
    if seen and not any(_names_near(reason.name, place, code) for place in seen):
        return false(f"Nothing beside {mention.text} asks for {reason.name}.", *(quoted(one, code) for one in seen))
    return None


def _reason_of(matched: Matched) -> Mention | None:
    if "Y" in matched.names:
        return matched.name("Y")
    is_signal = "interrupted" in matched.wording.core
    return Mention("EINTR", "", None, "EINTR", 0, 0) if is_signal else None


def _names_near(name: str, place: Place, code: Code) -> bool:
    return any(one.file == place.file and 0 <= one.line - place.line <= 6 for one in code.occurrences(name))


_CATCH = r"(?:catch(?:es)?|handles?|expects?|suppress(?:es)?|swallows?|ignores?|guards? against|deals? with|excepts?)"
_CAUGHT = r"(?:caught|handled|suppressed|swallowed|expected|dealt with)"

EXCEPTIONS = (
    StatementKind(
        "exception is handled",
        "which exceptions are caught, and where",
        "`on_client()` does not catch `ValueError`.",
        _is_handled,
        (
            rf"{{S}} {_CATCH} (?:only )?{{X}}",
            rf"(?:the |an? )?{{X}}(?: raised by <\d+>)? (?:is|are|gets?) {_CAUGHT}(?: (?:by|in) {{S}})?",
        ),
        (
            r"(?:the |an? )?{X}(?: raised by <\d+>)? (?:goes|go|is|are|stays|remains) (?:unhandled|uncaught)",
            r"(?:an? )?(?:unhandled|uncaught) {X}",
            r"(?:nothing|nobody|no one|no handler) (?:catches|handles) {X}",
        ),
    ),
    StatementKind(
        "catches exceptions",
        "whether a function catches any exception",
        "`compute()` does not catch exceptions.",
        _handles_any,
        (rf"{{S}} {_CATCH} (?:any |the |all )?(?:exceptions|errors)", r"{S} has an? exception handler"),
        (
            r"{S} has no (?:exception handler|exception handling|try|except)",
            r"(?:exceptions|errors) in {S} (?:go|are) (?:unhandled|uncaught)",
        ),
    ),
    StatementKind(
        "is retried",
        "whether an interrupted call is tried again",
        "`accept()` is retried when it fails with `EINTR`.",
        _is_retried,
        (
            (
                r"{X} {BE} (?:retried|repeated|restarted|tried again|called again) (?:on|if|when|after|for|with) "
                r"(?:it (?:fails with|is interrupted by|returns|was interrupted with) )?{Y}"
            ),
            r"{S} (?:retries|repeats|restarts) {X} (?:on|if|when|after) (?:it fails with )?{Y}",
            (
                r"{S} (?:retries|repeats|restarts)(?: it)? (?:if|when|after) {X} (?:is|was|has been) "
                r"interrupted(?: by a signal)?(?: \(?{Y}\)?)?"
            ),
            (
                r"{X} {BE} (?:retried|repeated|restarted|tried again) (?:if|when|after) (?:it (?:is|was|has been) "
                r")?interrupted(?: by a signal)?(?: \(?{Y}\)?)?"
            ),
            r"{X} (?:handles|copes with|checks for) {Y}",
        ),
    ),
    StatementKind(
        "throws",
        "whether something is thrown",
        "`parse()` throws a `ParseError`.",
        _raises,
        (r"{S} (?:throws?|raises?)(?: (?:an? )?(?:exceptions?|{X}))?",),
    ),
)
