"""What is called, where, how often and with what."""

from __future__ import annotations

from collections.abc import Iterable

from localsocket_review.claims.claim import Shown
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.claims.statements.asked import (
    Found,
    calls_of,
    functions_of,
    is_own_function,
    names_in,
    quoted,
    reached_from,
    values_of,
    words_in,
)
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import FunctionInfo


def subject_functions(matched: Matched, code: Code, *placeholders: str) -> list[FunctionInfo] | None:
    """Return the functions that the statement is about: those named as its subject, and in "in `run()`"."""
    mentions = [one for key in placeholders or ("S",) for one in matched.names.get(key, ())]
    mentions += [one for one in matched.scopes if one not in mentions]
    homes = [one for one in mentions if not one.is_file or len(mentions) == 1]
    return functions_of(homes, code)


def _calls(matched: Matched, code: Code) -> Truth | None:
    """X is called, or used, in S."""
    functions = subject_functions(matched, code)
    if functions is None:
        return None
    wanted = [one for one in matched.names["X"] if one not in matched.names.get("S", ())]
    if not wanted or any(one.is_file for one in wanted):
        return None
    truths = [_is_called(one, functions, matched, code) for one in wanted]
    return together(truths)


def together(truths: list[Truth]) -> Truth:
    """Several things are so when each is; one that is not makes it false."""
    places = tuple(place for one in truths for place in one.places)
    wrong = [one for one in truths if one.holds is False]
    if wrong and len(wrong) < len(truths):
        return unknown(" ".join(dict.fromkeys(one.reason for one in truths)), *places)
    if wrong:
        return false(" ".join(dict.fromkeys(one.reason for one in wrong)), *places)
    if any(one.holds is None for one in truths):
        return unknown(next(one.reason for one in truths if one.holds is None), *places)
    return true(" ".join(dict.fromkeys(one.reason for one in truths)), *places)


def _is_called(wanted: Mention, functions: list[FunctionInfo], matched: Matched, code: Code) -> Truth:
    found = calls_of(wanted, functions, code)
    certain = [one for one in found if one.is_certain]
    where = _where(matched)
    other = [one for one in certain if _is_given_otherwise(one, wanted, code)]
    if certain and len(other) == len(certain):
        return false(f"{wanted.name}() is called with other arguments{where}.", *_shown(other, code))
    if certain and not _is_in_each_scope(wanted, matched, code):
        return unknown(f"{wanted.text} is called only in some of them.", *_shown(certain, code))
    if certain:
        return true(f"{wanted.text} is called{where}.", *(quoted(one.place, code) for one in certain))
    if found:
        return unknown(f"Something of that name is called{where}; of which object, is not known.", *_shown(found, code))
    if not wanted.qualifier and words_in(wanted.name, functions, code):
        places = [quoted(place, code) for place in words_in(wanted.name, functions, code)]
        return unknown(f"{wanted.text} is named{where}, and is not called directly.", *places)
    further = calls_of(wanted, set(reached_from(functions, code)) - set(functions), code)
    if further:
        return unknown(f"{wanted.text} is called only through other functions.", *_shown(further, code))
    elsewhere = calls_of(Mention(wanted.name, "", None, wanted.name, 0, 0), code.program.functions, code)
    near = f" There is {elsewhere[0].call.called_name}() of another object or place." if elsewhere else ""
    return false(f"{wanted.text} is called nowhere{where}; searched: {code.extent}.{near}", *_shown(elsewhere, code))


def _is_in_each_scope(wanted: Mention, matched: Matched, code: Code) -> bool:
    """Say whether it is called in each of several functions: "is called by `open()` and `close()`" is said of both."""
    homes = [functions_of([one], code) for one in matched.scopes if not one.is_file]
    return len(homes) < 2 or all(home and calls_of(wanted, home, code) for home in homes)


def _is_given_otherwise(found: Found, wanted: Mention, code: Code) -> bool:
    """Say whether a call is given another number or truth for a keyword than was written: `shutdown(wait=True)`."""
    for part in wanted.parameters:
        name, is_keyword, value = part.partition("=")
        given = found.call.keywords.get(name.strip()) if is_keyword else None
        values = values_of(given, found.function, code) if given is not None else None
        if values and value.strip() in ("True", "False") and values <= {"True", "False"} - {value.strip()}:
            return True
        number = number_of(value.strip()) if is_keyword else None
        if values and number is not None and all(isinstance(one, float) for one in values) and number not in values:
            return True
    return False


def _where(matched: Matched) -> str:
    names = [one.text for one in (*matched.names.get("S", ()), *matched.scopes)]
    return f" in {' and '.join(dict.fromkeys(names))}" if names else ""


def _shown(found: Iterable[Found], code: Code) -> list[Shown]:
    return [quoted(one.place, code) for one in list(found)[:4]]


def _uses(matched: Matched, code: Code) -> Truth | None:
    """S uses X: calls it, or names it in any way."""
    if any(code.resolve(one) and not is_own_function(one, code) and _is_data(one, code) for one in matched.names["X"]):
        return None
    truth = _calls(matched, code)
    functions = subject_functions(matched, code)
    if truth is None or truth.holds is not None or functions is None:
        return truth
    places = [place for one in matched.names["X"] if not one.qualifier for place in words_in(one.name, functions, code)]
    if places and len(matched.names["X"]) == 1:
        return true(f"{matched.name('X').text} is used{_where(matched)}.", *(quoted(one, code) for one in places))
    return truth


def _is_data(mention: Mention, code: Code) -> bool:
    data = (Sort.MEMBER, Sort.VARIABLE, Sort.MACRO, Sort.PARAMETER, Sort.FILE)
    return any(one.sort in data for one in code.resolve(mention))


def _is_called_anywhere(matched: Matched, code: Code) -> Truth | None:
    """X is called: of one's own functions, frameworks may call them, which another question answers."""
    if (
        any(is_own_function(one, code) or _is_data(one, code) for one in matched.names["X"])
        and "S" not in matched.names
    ):
        return None
    return _calls(matched, code)


def _counted(matched: Matched, code: Code) -> Truth | None:
    """X is called N times."""
    functions = subject_functions(matched, code)
    number = number_of(matched.words["N"])
    if functions is None or number is None or len(matched.names["X"]) != 1:
        return None
    wanted = matched.name("X")
    found = calls_of(wanted, functions, code)
    if any(not one.is_certain for one in found):
        return unknown(f"Not every call of {wanted.name}() is known to be of that object.", *_shown(found, code))
    times = "once" if len(found) == 1 else f"{len(found)} times"
    reason = f"{wanted.text} is called {times}{_where(matched)}; searched: {code.extent}."
    if len(found) == number:
        return true(reason, *_shown(found, code))
    return false(reason, *_shown(found, code))


def _given(matched: Matched, code: Code) -> Truth | None:
    """Y is among the arguments of the calls of X."""
    functions = subject_functions(matched, code)
    if functions is None:
        return None
    wanted, flag = matched.name("X"), matched.name("Y")
    if flag.arguments is not None or flag.name.startswith("Q_"):
        return None
    found = calls_of(wanted, functions, code) or _constructions(wanted, functions)
    if not found:
        return None
    having = [one for one in found if _holds_argument(one, flag)]
    if having and len(having) == len(found):
        return true(f"{flag.text} is given to {wanted.text}.", *_shown(having, code), always=True)
    if having:
        return unknown(
            f"{len(having)} of {len(found)} calls of {wanted.text} are given {flag.text}.", *_shown(found, code)
        )
    if any(not _is_all_written(one, code) for one in found) and code.occurrences(flag.name):
        return unknown(f"What {wanted.text} is given is not written in the call.", *_shown(found, code))
    return false(f"No call of {wanted.text} is given {flag.text}.", *_shown(found, code))


def _constructions(wanted: Mention, functions: list[FunctionInfo]) -> list[Found]:
    return [
        Found(call, function) for function in functions for call in function.calls() if call.called_name == wanted.name
    ]


def _holds_argument(found: Found, flag: Mention) -> bool:
    given = (*found.call.arguments, *found.call.keywords.values())
    return flag.name in found.call.keywords or any(flag.name in names_in(one) for one in given)


def _is_all_written(found: Found, code: Code) -> bool:
    return all(
        values_of(one, found.function, code) is not None or all(name.isupper() for name in names_in(one))
        for one in found.call.arguments
    )


_USING = r"(?:uses?|using|makes? use of|employs?|relies on|relying on|utili[sz]es?)"
_CALLING = r"(?:calls?|calling|invokes?|invoking|emits?|awaits?|awaiting|runs?|executes?|issues?|performs?)"
_CALLED = r"(?:called|invoked|awaited|executed|run|triggered|issued)"
_TIMES = (
    r"(?:exactly |only |precisely |just )?(?:(?:in|from|at) (?:only |exactly )?)?{N}(?: different| separate)?"
    r"(?: times?| places?| functions?| spots?| locations?| lines?)?"
)

CALLS = (
    StatementKind(
        "is called so often",
        "how often a function is called",
        "`close()` is called four times in this file.",
        _counted,
        (
            rf"{{X}} {{BE}} {_CALLED} {_TIMES}",
            r"there (?:is|are) {N} (?:calls?|uses?) (?:to|of) {X}",
            rf"{{S}} {_CALLING} {{X}} {_TIMES}",
            r"{S} (?:contains|has|makes) {N} calls? (?:to|of) {X}",
        ),
    ),
    StatementKind(
        "is given",
        "what a call is given as an argument",
        "`MSG_NOSIGNAL` is passed to `sendmsg()`.",
        _given,
        (
            r"(?:the (?:\w+ )?)?{Y} {BE} (?:passed|given|handed|supplied)(?: in)? to {X}",
            rf"{{X}} {{BE}} (?:{_CALLED}|given|passed|created|constructed|opened|made|used) (?:with )?(?:the )?{{Y}}",
            r"{S} (?:passes|gives|hands) {Y} to {X}",
        ),
        (
            r"no {Y} {BE} (?:passed|given|handed|supplied) to {X}",
            (
                rf"{{X}} {{BE}} (?:{_CALLED}|used|created|constructed|opened|made) without (?:an? |any |the |"
                rf"passing )?{{Y}}"
            ),
            r"{Y} {BE} (?:missing|absent)(?: from| in| on) (?:the call (?:of|to) )?{X}",
            r"{X} (?:lacks|is missing|misses) (?:an? |the )?{Y} (?:flag|argument|option)",
            r"{S} (?:calls?|uses?|creates?|opens?) {X} without (?:an? |any |the |passing )?{Y}",
        ),
    ),
    StatementKind(
        "calls a function",
        "which function calls which",
        "`run()` calls `exec()`.",
        _calls,
        (
            r"the calls? (?:of|to) {X} (?:is|are|happens|stands) (?:in|inside|within) {S}",
            rf"{{S}} {_CALLING} {{XS}}",
            r"{S} (?:makes|contains|has) (?:an? |any )?calls? (?:to|of) {XS}",
            rf"{{XS}} {{BE}} {_CALLED} (?:by|from|in|inside|within) {{S}}",
        ),
        (
            r"{S} (?:makes|contains|has) no calls? (?:to|of) {XS}",
            rf"{{S}} works without {_CALLING} {{XS}}",
        ),
    ),
    StatementKind(
        "uses a function",
        "which function uses which",
        "`serve()` uses `listen()` to wait for clients.",
        _uses,
        (rf"{{S}} {_USING} {{XS}}", r"{XS} {BE} (?:used|needed|employed) (?:by|in|inside|within) {S}"),
    ),
    StatementKind(
        "is called",
        "whether a function of a library is called",
        "`drain()` is called nowhere in the program.",
        _is_called_anywhere,
        (rf"{{XS}} {{BE}} {_CALLED}", r"there (?:is|are) (?:an? )?calls? (?:to|of) {XS}", r"{XS} {BE} used"),
        (
            r"there (?:is|are) no calls? (?:to|of) {XS}",
            r"no calls? (?:to|of) {XS} (?:is|are) (?:made|there|present|found)",
            r"no {X} {BE} (?:called|used|made)",
            rf"{{S}} \w+ (?:\w+ ){{0,4}}?without (?:ever )?{_CALLING} {{XS}}",
            rf"without {_CALLING} {{XS}}",
        ),
    ),
)
