"""Calls that are said to be there, in whatever words, and are nowhere; conditions that ask for a name."""

from __future__ import annotations

import re
import sys

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import calls_of, names_in, quoted, reached_from, words_in
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.expressions import walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Branch, Choice, Loop

_BY_MEANS_OF = re.compile(
    (
        r"(?:^(?=(?:the |an? )?<\d+> (?:blocks?|sends?|reads?|writes?|closes?|removes?|waits?|opens?|"
        r"accepts?|sets?|copies|overflows?|"
        r"formats?|sleeps?|deletes?|frees?|locks?|starts?|converts?|parses?|decodes?)\b)|\b(?:with|by|"
        r"through|via|using|uses|calls|from|on|in|invokes|thanks to|passed to|given to|handed to|while|of "
        r"type|type) )(?:the |"
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
    is_constant = mention.is_quoted and re.fullmatch(
        r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|\w+(?:Option|Connection)", mention.name
    )
    is_type = is_constant or mention.text.startswith("std::") or re.fullmatch(r"Q[A-Z]\w+", mention.name) is not None
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

_SORT = (
    r"(?:function|method|class|struct|member|variable|macro|signal|slot|test|file|field|attribute|"
    r"constant|call|parameter)"
)


def _exists(matched: Matched, code: Code) -> Truth | None:
    """There is something called X."""
    mention = matched.name("X")
    homes = [one for one in (*matched.names.get("S", ()), *matched.scopes) if not one.is_file]
    found = code.resolve(mention, homes)
    if homes and any(not code.resolve(one) for one in homes):
        return None
    inside = [one for one in found if not homes or any(code.is_inside(one, home.name) for home in homes)]
    if inside:
        return true(f"{mention.text} is there.", *(quoted(one.place, code) for one in inside))
    if found or code.occurrences(mention.name):
        return None
    near = code.nearest(mention.name)
    names = f" The nearest names are {', '.join(near)}." if near else ""
    owner = code.program.class_named(mention.qualifier) if mention.qualifier else None
    shown = [quoted(owner.place, code)] if owner is not None else []
    return false(f"There is no {mention.text}; searched: {code.extent}.{names}", *shown)


def _counts_of_calls(matched: Matched, code: Code) -> Truth | None:
    """S adds N rows: calls whose names say so, where none is in a loop."""
    functions = subject_functions(matched, code)
    number, noun = number_of(matched.words["N"]), stem(matched.words["NOUN"].lower())
    if functions is None or "S" not in matched.names or number is None or len(functions) > 1:
        return None
    calls = [one for one in functions[0].calls() if noun in {stem(part) for part in parts_of(one.called_name)}]
    flow = code.facts.flow(functions[0])
    if not calls or any(flow.is_in_loop(one) for one in calls):
        return None
    reason = f"{matched.name('S').text} does so {len(calls)} times."
    shown = [quoted(one.place, code) for one in calls]
    return true(reason, *shown) if len(calls) == number else false(reason, *shown)


def _decorated(matched: Matched, code: Code) -> Truth | None:
    """So many functions have the decorator X."""
    name, number = matched.name("X").name, number_of(matched.words["N"])
    found = [one for one in code.functions if any(name in names_in(part) for part in one.decorators)]
    if number is None or not found:
        return None
    reason = f"{len(found)} functions have the decorator {name}."
    shown = [quoted(one.place, code) for one in found]
    return true(reason, *shown) if len(found) == number else false(reason, *shown)


def _has_block(matched: Matched, code: Code) -> Truth | None:
    """S has a with statement, a try, a finally: the word stands in it."""
    functions = subject_functions(matched, code)
    if functions is None or "S" not in matched.names or not functions:
        return None
    word = matched.words["BLOCK"].lower()
    for function in functions:
        unit = function.unit
        for number in range(function.place.line, (function.place.end_line or function.place.line) + 1):
            if re.search(rf"\b{word}\b", unit.bare_code[unit.span(number, number)]):
                return true(f"There is a {word}.", quoted(Place(unit.path, number), code))
    return false(f"There is no {word} in {matched.name('S').text}.", quoted(functions[0].place, code))


def _is_named(matched: Matched, code: Code) -> Truth | None:
    """A constant of a library is set: it is named somewhere."""
    mention = matched.name("X")
    if (
        not re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9_]+)?|\w+(?:Option|Connection)", mention.name)
        or mention.name in code.names
    ):
        return None
    places = code.occurrences(mention.name)
    if places:
        return Truth(True, f"{mention.text} is named.", tuple(quoted(one, code) for one in places[:4]), True)
    return false(f"{mention.text} is nowhere in the code; searched: {code.extent}.")


def _returns_type(matched: Matched, code: Code) -> Truth | None:
    if "S" not in matched.names:
        return None
    functions = [one.function for one in code.resolve(matched.name("S")) if one.function is not None]
    if len(functions) != 1 or functions[0].unit.assigning_declares or not functions[0].return_type:
        return None
    kind = functions[0].return_type.strip()
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    reason = f"{functions[0].name}() returns {kind}."
    return true(reason, shown) if matched.words["TYPE"].lower() == kind.lower() else false(reason, shown)


# What is done to a thing, in the words of people, and the calls that do it.
_DEEDS = {
    (r"(?:the |an? )?(?:old |stale |socket |existing )*(?:file|socket file|path) (?:is|gets) (?:removed|"
r"unlinked|deleted)"): (
        "unlink", "remove", "removeServer", "rmtree",
    ),
    (r"(?:the )?(?:file |socket |access )*(?:permissions|mode|access rights|rights) (?:are|is) "
r"(?:changed|set|restricted)"): (
        "chmod", "fchmod", "umask", "setSocketOptions",
    ),
    r"(?:the |an? )?(?:server |client |new )*sockets? (?:is|are) (?:created|opened|made)": (
        "socket", "socketpair", "QLocalSocket", "QLocalServer", "create_server", "LocalServer",
    ),
    r"(?:the )?messages? (?:is|are) (?:sent|written)": ("send", "sendall", "write", "sendmsg", "sendto"),
}  # fmt: skip


def _is_done_in(matched: Matched, code: Code) -> Truth | None:
    """A deed is done in S: one of the calls that do it is there, itself or through others."""
    functions = subject_functions(matched, code)
    if functions is None or "S" not in matched.names:
        return None
    names = next(names for deed, names in _DEEDS.items() if re.match(deed, matched.wording.core, re.IGNORECASE))
    here = [call.place for one in functions for call in one.calls() if call.called_name in names]
    if here:
        return true("It is done there.", *(quoted(one, code) for one in here))
    if any(call.called_name in names for one in reached_from(functions, code) for call in one.calls()):
        return None
    elsewhere = [call.place for name in names for call, _ in code.calls_of(name)]
    if not elsewhere:
        return None
    return false(f"It is not done in {matched.name('S').text}.", *(quoted(one, code) for one in elsewhere))


def _is_connected(matched: Matched, code: Code) -> Truth | None:
    """X is connected: a signal of a library that is named nowhere is not."""
    mention = matched.name("X")
    if mention.name in code.names or code.occurrences(mention.name):
        return None
    return false(f"{mention.name} is nowhere in the code; searched: {code.extent}.")


NAMED = (
    StatementKind(
        "has a block",
        "whether a function has a with, a try, a finally, a switch or a goto",
        "`handle()` uses a `with` statement.",
        _has_block,
        (
            (
                r"{S} (?:uses|has|contains) (?:an? |any )?(?P<BLOCK>with|try|finally|except|catch|switch|goto)(?: "
                r"(?:statement|block|clause|handler)s?)?"
            ),
        ),
        (
            (
                r"{S} (?:uses|has|contains) no (?P<BLOCK>with|try|finally|except|catch|switch|goto)(?: "
                r"(?:statement|block|clause|handler)s?)?"
            ),
        ),
    ),
    StatementKind(
        "is done in",
        "in which function a file is removed, a mode is set, a socket is made",
        "The socket file is removed in `stop()`.",
        _is_done_in,
        (rf"(?:{'|'.join(_DEEDS)})(?: again)? (?:in|by|inside) {{S}}",),
    ),
    StatementKind(
        "is connected",
        "whether a signal of a library is connected",
        "The signal `newConnection` is not connected.",
        _is_connected,
        (r"{X} {BE} connected",),
    ),
    StatementKind(
        "constant is set",
        "whether a flag or an option of a library is named at all",
        "`WorldAccessOption` is set.",
        _is_named,
        (r"{X} {BE} (?:set|enabled|specified|considered|taken into account|requested|chosen|checked|handled)",),
    ),
    StatementKind(
        "returns a type",
        "which type a function returns",
        "`say()` returns `void`.",
        _returns_type,
        (r"{S} returns (?:an? )?(?P<TYPE>void|bool|int|double|float|char|unsigned|long|size_t|ssize_t)$",),
    ),
    StatementKind(
        "there is",
        "whether there is something of a name",
        "There is no class called `ClientThread`.",
        _exists,
        (
            rf"there (?:is|are) (?:an? |any )?{_SORT}s? (?:called|named) {{X}}",
            rf"{{S}} (?:has|defines|declares) (?:an? |any )?{_SORT}s? (?:called|named) {{X}}",
            r"{X} exists?",
        ),
        (
            rf"there (?:is|are) no {_SORT}s? (?:called|named) {{X}}",
            rf"{{S}} (?:has|defines|declares) no {_SORT}s? (?:called|named) {{X}}",
        ),
    ),
    StatementKind(
        "does so often",
        "how often a function does something, by the names of what it calls",
        "`dataExchange_data()` adds four rows.",
        _counts_of_calls,
        (
            (
                r"{S} (?:adds|declares|creates|opens|starts|makes|registers|sends|defines) (?:exactly |only )?{N} "
                r"(?:\w+ )?(?P<NOUN>[a-z]+s)$"
            ),
        ),
    ),
    StatementKind(
        "is decorated",
        "how many functions have a decorator",
        "Three functions are registered with the `@exported` decorator.",
        _decorated,
        (
            (
                r"(?:exactly |only )?{N} (?:functions?|methods?) (?:is|are|have|has) (?:registered|decorated|"
                r"marked|exported|wrapped)? ?(?:with|by)? ?{X}"
            ),
        ),
    ),
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
