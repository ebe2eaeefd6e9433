"""Python's loops that accept one connection after another, and what a message can make them end by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localsocket_review.analysis.carried_data import Trace
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Await, Binary, Call, Expression, Literal, Name, Subscript, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Except, Loop, Statement, Try, With, contains, statements_in

# What has nothing to do with the shape of a message.
_OF_OTHERS = frozenset(
    {
        "OSError",
        "IOError",
        "error",
        "timeout",
        "TimeoutError",
        "ConnectionError",
        "ConnectionResetError",
        "ConnectionAbortedError",
        "BrokenPipeError",
        "InterruptedError",
        "BlockingIOError",
        "KeyboardInterrupt",
        "SystemExit",
        "StopIteration",
        "EOFError",
        "FileNotFoundError",
        "PermissionError",
    }
)
_SPLITTING = frozenset({"split", "rsplit", "splitlines"})
_STRIPPING = frozenset({"strip", "lstrip", "rstrip", "isspace"})
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Failing:
    """What raises `error` for a message of another shape, and the loop that ends by it."""

    place: Place
    error: str
    trace: Trace
    loop: Loop


def failing_in(facts: Facts, function: FunctionInfo) -> Iterator[Failing]:
    """Yield the first thing in each accepting loop of the function that a malformed message makes fail."""
    if function.is_async:
        return  # the server of asyncio goes on
    for loop in function.statements():
        if isinstance(loop, Loop) and _accepts(facts, loop, function):
            found = next(_failing(facts, loop.body, function, loop, ()), None)
            if found is not None:
                yield found


def _accepts(facts: Facts, loop: Loop, function: FunctionInfo) -> bool:
    """Say whether the loop itself takes connections, of a local server, one after another."""
    inner = [one for one in statements_in(loop.body) if isinstance(one, Loop)]
    return any(
        contains(loop.body, site.call)
        and not any(contains(one.body, site.call) for one in inner)
        and not facts.transports.is_network_site(site)
        for site in facts.calls.sites(Act.ACCEPT, function)
    )


def _failing(
    facts: Facts, body: list[Statement], function: FunctionInfo, loop: Loop, way: Sequence[FunctionInfo]
) -> Iterator[Failing]:
    """Yield what may fail, in the order of the text, and in the functions that are called from here."""
    for statement in body:
        if _is_caught(statement):
            continue
        for root in statement.expressions():
            for part in walk(root):
                yield from _of_part(facts, part, statement, function, loop)
                yield from _of_callee(facts, part, function, loop, way)
        for inner in statement.bodies():
            yield from _failing(facts, inner, function, loop, way)


def _of_callee(
    facts: Facts, part: Expression, function: FunctionInfo, loop: Loop, way: Sequence[FunctionInfo]
) -> Iterator[Failing]:
    if not isinstance(part, Call) or len(way) >= _DEEPEST or facts.calls.api_of(part, function) is not None:
        return
    callees = [one for one in facts.calls.callees(part, function) if one.body and one not in way]
    if len(callees) == 1 and not callees[0].is_async and not callees[0].is_constructor:
        yield from _failing(facts, callees[0].body or [], callees[0], loop, [*way, callees[0]])


def _of_part(
    facts: Facts, part: Expression, statement: Statement, function: FunctionInfo, loop: Loop
) -> Iterator[Failing]:
    data, error = _asked_of(facts, part, statement, function)
    if data is None or _is_guarded(facts, part, data, function):
        return
    trace = facts.taint.received(data, function)
    if trace is not None:
        yield Failing(part.place, error, trace, loop)


def _asked_of(
    facts: Facts, part: Expression, statement: Statement, function: FunctionInfo
) -> tuple[Expression | None, str]:
    """Return what has to have a shape here, and what is raised if it has not."""
    match part:
        case Subscript(value=value, index=Literal(value=str())) if not _is_target(part, statement):
            return (value, "KeyError or TypeError") if _is_parsed(facts, value, function) else (None, "")
        case Subscript(value=value, index=Literal(value=int(at))) if not _is_target(part, statement):
            return (value, "IndexError") if _is_split(facts, value, function, at) else (None, "")
        case Call():
            site = facts.calls.site(part, function)
            return _of_site(facts, site) if site is not None else (None, "")
    return None, ""


def _of_site(facts: Facts, site: Site) -> tuple[Expression | None, str]:
    data = site.argument("data")
    if data is None:
        return None, ""
    if site.api.name in ("json.loads", "json.load", "orjson.loads", "ujson.loads", "simplejson.loads"):
        return data, "ValueError"
    if site.api.name == "struct.unpack" and facts.chunks.of(data, site.function) is not None:
        return data, "struct.error"
    return None, ""


def _is_parsed(facts: Facts, value: Expression, function: FunctionInfo) -> bool:
    """Say whether something that was parsed is looked into: an object of JSON, or of msgpack."""
    origins = facts.origins.of(value.value if isinstance(value, Subscript) else value, function)
    return bool(origins) and all(
        isinstance(one.expression, Call)
        and (api := facts.calls.api_of(one.expression, one.function)) is not None
        and bool(api.act & (Act.PARSE | Act.UNPICKLE))
        for one in origins
    )


def _is_split(facts: Facts, value: Expression, function: FunctionInfo, at: int) -> bool:
    """Say whether these are the parts of a text, which may be too few to have one there."""
    origins = facts.origins.of(value, function)
    return bool(origins) and all(
        isinstance(one.expression, Call)
        and one.expression.called_name in _SPLITTING
        and (at > 0 or _may_have_none(facts, one.expression, one.function))
        for one in origins
    )


def _may_have_none(facts: Facts, splitting: Call, function: FunctionInfo) -> bool:
    """Say whether a text may have no part at all: `split()` gives none where nothing but white space came."""
    if splitting.called_name == "splitlines":
        return not any(facts.flow(function).guards(splitting))
    if splitting.arguments or splitting.keywords:
        return False
    tests = [guard.test for guard in facts.flow(function).guards(splitting)]
    return not any(_is_stripped(facts, part, function) for test in tests for part in walk(test))


def _is_stripped(facts: Facts, asked: Expression, function: FunctionInfo) -> bool:
    """Say whether this is a text without white space around it, so that one that is not empty has a part."""
    if not isinstance(asked, Name | Call):
        return False
    made = [asked] if isinstance(asked, Call) else [one.expression for one in facts.origins.of(asked, function)]
    return any(isinstance(one, Call) and one.called_name in _STRIPPING for one in made)


def _is_target(part: Subscript, statement: Statement) -> bool:
    return isinstance(statement, Assign) and statement.target is part


def _is_guarded(facts: Facts, part: Expression, data: Expression, function: FunctionInfo) -> bool:
    """Say whether a condition has asked for the key, the type or the length, or somebody has checked the message."""
    variable = facts.names.variable(data, function)
    asked = [guard.test for guard in facts.flow(function).guards(part)]
    asked += [
        argument
        for call in function.calls()
        if call.called_name in ("validate", "isinstance", "len") and facts.flow(function).dominates(call, part)
        for argument in call.arguments
    ]
    for test in asked:
        for inside in walk(test):
            if isinstance(inside, Binary) and inside.operator in ("in", "not in"):
                return True
            if variable is not None and isinstance(inside, Call | Name) and not isinstance(part, Call):
                named = inside.arguments if isinstance(inside, Call) else ()
                if any(facts.names.variable(one, function) == variable for one in named) or inside is test:
                    return True
            if isinstance(part, Call) and isinstance(inside, Call) and inside.called_name == "len":
                return True
    return False


def _is_caught(statement: Statement) -> bool:
    """Say whether what is raised inside does not come out: by a handler that is not for something else."""
    match statement:
        case Try(handlers=handlers):
            return any(map(_catches, handlers))
        case With(items=items):
            return any(
                isinstance(context, Call) and context.called_name in ("suppress", "raises") for context, _ in items
            )
    return False


def _catches(handler: Except) -> bool:
    named = [_name_of(kind) for kind in handler.types]
    return not named or any(name not in _OF_OTHERS for name in named)


def _name_of(kind: Expression) -> str:
    while isinstance(kind, Await):
        kind = kind.value
    return getattr(kind, "name", getattr(kind, "identifier", ""))
