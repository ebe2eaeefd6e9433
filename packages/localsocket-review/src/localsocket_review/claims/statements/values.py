"""Statements about numbers and constants: what calls, parameters and names are given, what functions return."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import calls_of, every_number, functions_of, quoted, values_of
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.claims.statements.worth import (
    Given,
    arguments_of,
    assigned_to,
    compared,
    defaults_of,
    fits,
    given_to,
    named_in,
    of_members,
    values_given,
    wanted_numbers,
    words_of,
    written,
)
from localsocket_review.model.statements import Return


def _is_worth(matched: Matched, code: Code) -> Truth | None:
    """The W (of X) is V."""
    words = words_of(matched.words["W"], matched.names.get("W", (None,))[0])
    if not words and "X" in matched.names:
        return _setter(matched, code)
    if not words:
        words = frozenset(stem(part) for part in parts_of(matched.words["W"]) if part == "limit")
    if not words:
        return None
    wanted = wanted_numbers(matched.words["V"], matched.words.get("U", ""))
    what = f"The {matched.words['W']}" if "W" not in matched.names else matched.name("W").text
    homes = (*matched.names.get("X", ()), *matched.scopes)
    if words & _OF_MODES:
        return _mode_is(wanted, code) if "umask" not in matched.words["W"].lower() else _umask_is(wanted, code)
    if len(words) > 1 and "W" not in matched.names:
        last = frozenset({stem(parts_of(matched.words["W"])[-1])})
        known = any(fits(one, words) for function in code.program.functions for one in named_in(function, code))
        words = words if known else last
    for given in _candidates(words, homes, "default" in matched.words.get("D", ""), code):
        truth = compared(given, wanted, what, code)
        if truth is not None:
            return truth
    return None


_OF_MODES = frozenset(stem(word) for word in ("mode", "permissions", "umask", "permission"))


def _umask_is(wanted: set[float], code: Code) -> Truth | None:
    """The umask is V: what is only put back is not counted."""
    given = _given_to_calls(("umask",), code)
    return compared([one for one in given if one.value is not None], wanted, "The umask", code)


def _mode_is(wanted: set[float], code: Code) -> Truth | None:
    """The mode is V: what chmod sets, or what a umask leaves."""
    modes = _given_to_calls(("chmod", "fchmod", "mkdir"), code)
    masks = [one for one in _given_to_calls(("umask",), code) if isinstance(one.value, float)]
    modes += [Given(float(0o777 & ~int(one.value)), one.place) for one in masks if isinstance(one.value, float)]
    return compared(modes, wanted, "The mode", code)


def _given_to_calls(names: tuple[str, ...], code: Code) -> list[Given]:
    calls = [found for name in names for found in code.calls_of(name)]
    return [
        one for call, function in calls if call.arguments for one in values_given(call.arguments[-1], function, code)
    ]


def _candidates(
    words: frozenset[str], homes: tuple[Mention, ...], is_default: bool, code: Code
) -> Iterator[list[Given]]:
    every = list(code.program.functions)
    functions = functions_of([one for one in homes if not one.is_file], code) if homes else every
    calls = [found for home in homes for found in calls_of(home, every, code)]
    if is_default and functions:
        yield list(defaults_of(words, functions, code))
        return
    if calls:
        yield [
            one
            for found in calls
            for name, argument in arguments_of(found.call, found.function, code)
            if any(fits(part, words) for part in name.split())
            for one in values_given(argument, found.function, code)
        ]
    if functions:
        yield [*given_to(words, functions, code)]
        yield [*defaults_of(words, functions, code)]
    yield [*assigned_to(words, functions or every, code)]
    yield from of_members(words, code)


def _is_limited(matched: Matched, code: Code) -> Truth | None:
    """The W is limited: something sets it."""
    words = words_of(matched.words["W"], matched.names.get("W", (None,))[0])
    given = list(given_to(words, list(code.program.functions), code)) if words else []
    if not given:
        return None
    return true(f"The {matched.words['W']} is set.", *(quoted(one.place, code) for one in given), always=True)


def _literal(matched: Matched, code: Code) -> Truth | None:
    """A path that is written nowhere is not that of the program."""
    path = matched.words["LIT"].rstrip(".,;")
    if code.is_in_a_text(path):
        return unknown(f"{path} is in the code; whether it is that, is not decided here.")
    return false(f"{path} is nowhere in the code; searched: {code.extent}.")


def _umask(_: Matched, code: Code) -> Truth | None:
    calls = code.calls_of("umask")
    if calls:
        return true("The umask is set.", *(quoted(call.place, code) for call, _ in calls))
    return false(f"umask() is called nowhere; searched: {code.extent}.")


def _setter(matched: Matched, code: Code) -> Truth | None:
    """X is set to V, X is called with V."""
    mention = matched.name("X")
    if not any(character.isdigit() for character in matched.words["V"]):
        return None  # "can be called with one argument"
    wanted = wanted_numbers(matched.words["V"], matched.words.get("U", ""))
    calls = calls_of(mention, code.program.functions, code)
    if calls:
        given = [
            value
            for found in calls
            for argument in (*found.call.arguments, *found.call.keywords.values())
            for value in values_given(argument, found.function, code)
        ]
        known = {one.value for one in given if isinstance(one.value, float)}
        shown = [quoted(found.place, code) for found in calls]
        if known & wanted and len(calls) == 1:
            return true(f"{mention.text} is given {matched.words['V']}.", *shown)
        if known and not known & wanted and not any(one.value is None for one in given):
            return false(f"{mention.text} is given {', '.join(sorted(written(one, shown) for one in known))}.", *shown)
        return None
    words = words_of("", mention) or frozenset({stem(part) for part in parts_of(mention.name)})
    given = [*assigned_to(words, code.program.functions, code), *defaults_of(words, code.program.functions, code)]
    given += [one for found in of_members(words, code) for one in found]
    return compared(given, wanted, mention.text, code)


def _lasts(matched: Matched, code: Code) -> Truth | None:
    """A number with a unit that is written nowhere is not that of the program."""
    wanted = wanted_numbers(matched.words["V"], matched.words.get("U", ""))
    unit = matched.words.get("U", "").lower()
    if not wanted or (number_of(matched.words["V"]) in (0, 1) and matched.words["V"] in ("a", "an", "one")):
        return None
    if unit.startswith(("b", "k", "mi", "mb")) and not unit.startswith("min"):
        wanted |= {one + step for one in wanted for step in (-1, 1)}
    if 30.0 in wanted and any(
        call.called_name.startswith("waitFor") and not call.arguments
        for one in code.program.functions
        for call in one.calls()
    ):
        return None
    named = [one for one in matched.wording.mentions if one.arguments is not None]
    for found in (found for one in named for found in calls_of(one, code.program.functions, code)):
        given = {
            value
            for argument in (*found.call.arguments, *found.call.keywords.values())
            for value in values_of(argument, found.function, code) or ()
        }
        if given & wanted:
            return true(
                f"{found.call.called_name}() is given {matched.words['V']} {matched.words.get('U', '')}.",
                quoted(found.place, code),
            )
    if wanted & every_number(code):
        return unknown("The number is in the code; whether it is that of which this is said, is not decided here.")
    number = f"{matched.words['V']} {matched.words.get('U', '')}".strip()
    return false(f"{number} is nowhere in the code, in whichever unit; searched: {code.extent}.")


def _takes_default(matched: Matched, code: Code) -> Truth | None:
    """F takes a parameter P that defaults to V."""
    functions = subject_functions(matched, code, "S")
    if functions is None or "X" not in matched.names:
        return None
    mention = matched.name("X")
    named = [(one, function) for function in functions for one in function.parameters if one.name == mention.name]
    if not named:
        return false(
            f"There is no parameter {mention.name} there; searched: {code.extent}.",
            *(quoted(one.place, code) for one in functions[:1]),
        )
    parameter, function = named[0]
    if parameter.default is None:
        return false(f"{mention.name} has no default.", quoted(parameter.place, code))
    given = list(values_given(parameter.default, function, code))
    return compared(
        given, wanted_numbers(matched.words["V"], matched.words.get("U", "")), f"The default of {mention.name}", code
    )


_WORTH = r"(?:is|are|equals|is set to|defaults to|is fixed at|is limited to|was set to|of)"

VALUES = (
    StatementKind(
        "parameter with a default",
        "what a parameter is by default",
        "`report()` takes an `interval` argument that defaults to 30.",
        _takes_default,
        (
            (
                r"{S} (?:takes?|has|accepts?|expects?) {X} (?:,? ?(?:that|which) )?(?:defaults to|with a "
                r"default(?: value)? of|defaulting to|is|by default) {V}"
            ),
            r"{X} of {S} (?:defaults to|has a default of|is by default) {V}",
        ),
    ),
    StatementKind(
        "has a value",
        "what a parameter, a constant or a variable is worth",
        "The backlog passed to `listen()` is 5.",
        _is_worth,
        (
            (
                r"(?:the )?(?:\w+(?:'s)? )?(?P<W>mode|permissions|umask|permission bits)(?: of the \w+)? (?:is|"
                r"are)(?: set to)? {V}(?: (?:with|by|using|through|via) {X})?"
            ),
            (
                rf"the (?P<D>default )?{{W}}(?: (?:size|value|argument|parameter))?(?: (?:of|for|passed to|given to|"
                rf"in|used by|used in) {{X}})? {_WORTH} {{V}}"
            ),
            (
                r"(?:the )?(?:socket|server|file|endpoint)(?: file)? (?:is|are) (?:created|made|bound|opened) with "
                r"(?:the )?(?P<W>mode|permissions) {V}"
            ),
            (
                r"{X} {BE} (?:created|called|given|made|opened|started|constructed|used|invoked)? ?(?:with )?an? "
                r"{W} of {V}"
            ),
            r"{S} (?:sets|changes|restricts) the (?:process )?(?P<W>umask|mode|permissions) to {V}",
            r"{X} (?:gets?|has|uses?|takes?|receives?) an? (?P<D>default )?{W} of {V}",
            r"the (?P<D>default )?{W} (?:is|are) (?:set|limited|capped|fixed) (?:to|at) {V}",
            r"{X} (?:uses?|has) (?:a|the) (?P<D>default )?{W} of {V}",
        ),
    ),
    StatementKind(
        "is set to",
        "what a setter is given, or a name is assigned",
        "`setMaxPendingConnections()` is set to 10.",
        _setter,
        (
            (
                r"{X} (?:{BE} (?:set|called|initiali[sz]ed|given|limited|invoked|used|defined)(?: (?:to|with|as|"
                r"at))?|is|equals|defaults to|has the value) {V}"
            ),
        ),
    ),
)


def _returns(matched: Matched, code: Code) -> Truth | None:
    """S returns V: one of the numbers that it returns."""
    functions = subject_functions(matched, code)
    if functions is None or "S" not in matched.names:
        return None
    returned = [one for one in functions[0].statements() if isinstance(one, Return) and one.value is not None]
    values = [(values_of(one.value, functions[0], code), one.place) for one in returned if one.value is not None]
    wanted = wanted_numbers(matched.words["V"], "")
    here = [place for found, place in values if found and found & wanted]
    if here:
        return true(f"{matched.name('S').text} returns {matched.words['V']}.", *(quoted(one, code) for one in here))
    if not values or any(found is None for found, _ in values):
        return None
    shown = [quoted(place, code) for _, place in values]
    told = ", ".join(sorted({written(one, shown) for found, _ in values for one in found or ()}))
    return false(f"{matched.name('S').text} returns {told}.", *shown)


TIMES = (
    StatementKind(
        "returns a value",
        "which numbers a function returns",
        "`main()` returns 2 when no file is named.",
        _returns,
        (r"{S} (?:returns|exits with|ends with)(?: (?:status|code|the value|the status))? {V}",),
    ),
    StatementKind(
        "is limited",
        "whether a buffer or a time has a limit",
        "The read buffer is unlimited.",
        _is_limited,
        (r"the {W} (?:is|are) (?:limited|bounded|capped|restricted)",),
        (r"the {W} (?:is|are) (?:unlimited|unbounded|infinite)", r"there is no limit (?:on|to|for) the {W}"),
    ),
    StatementKind(
        "sets the umask",
        "whether the umask is set",
        "The program sets a restrictive umask before `bind()`.",
        _umask,
        (
            (
                r"{S} (?:sets|changes|tightens|restricts|uses) (?:an? |the )?(?:restrictive |strict |tight |safe |"
                r"process )?umask"
            ),
            r"(?:the |an? )?(?:restrictive )?umask (?:is|gets) (?:set|changed|tightened|restricted)",
        ),
        (r"the umask is (?:untouched|left alone|left as it is|left unchanged)",),
    ),
    StatementKind(
        "a path",
        "a path that is written nowhere",
        "The default socket path is `/var/run/metrics.sock`.",
        _literal,
        (
            (
                r".*?\b(?:path|socket|name|file|address|endpoint|location|directory)s? (?:is|are|defaults to|lies "
                r"in|lives in|is placed in|is created in|is at|is set to) (?:at |in |under )?(?:the "
                r")?(?P<LIT>/[\w./-]+)"
            ),
        ),
        takes_rest=True,
    ),
    StatementKind(
        "time or size",
        "a time or a size that is written nowhere",
        "Notes are saved every 6 seconds.",
        _lasts,
        (r".*?\b(?:every|after|for|within|up to|at most|of|than|limited to|wait|waits|about|around|to|is|are) {T}",),
        takes_rest=True,
    ),
)
