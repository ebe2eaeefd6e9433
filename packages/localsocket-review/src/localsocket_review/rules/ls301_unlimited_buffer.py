"""LS301: what a peer does not read, or sends without an end, piles up."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.definitions import Definition, How
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, walk
from localsocket_review.model.statements import Assign, Loop, contains
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_ASKING_HOW_MUCH = frozenset(
    {
        "drain",
        "bytesToWrite",
        "get_write_buffer_size",
        "waitForBytesWritten",
        "pause_writing",
        "set_write_buffer_limits",
    }
)
_WRITING = ("asyncio.StreamWriter", "asyncio.Transport", "QLocalSocket")
# What takes something away again, or asks how much there is.
_CUTTING = frozenset(
    {
        "clear",
        "remove",
        "pop",
        "popleft",
        "chop",
        "truncate",
        "resize",
        "erase",
        "mid",
        "left",
        "takeFirst",
        "split",
        "partition",
        "take",
        "swap",
        "fill",
        "del",
        "size",
        "length",
        "len",
        "getvalue",
        "seek",
        "exchange",
        "move",
    }
)


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.SEND):
        if site.api.name.startswith(_WRITING) and not facts.transports.is_network_site(site):
            yield from _written(facts, site)
    for found in facts.classes():
        if facts.subject.concerns(found.unit):
            yield from _collected(facts, found)


def _written(facts: Facts, site: Site) -> Iterator[Finding]:
    """A loop writes, and nothing in its function or class asks how much still waits to be sent."""
    function = site.function
    loop = next((one for one in function.statements() if isinstance(one, Loop) and contains([one], site.call)), None)
    if loop is None or any(_asks(one) for one in _together(function)):
        return
    if not site.api.name.startswith("asyncio.StreamWriter") and not _goes_over_sockets(facts, loop, site):
        return
    message = "The loop writes whether or not the peers read: what they do not take is kept, without a limit."
    yield RULE.finding(site.place, message, [(loop.place, "in this loop"), (site.place, "written here")])


def _together(function: FunctionInfo) -> Iterator[FunctionInfo]:
    """Yield the function, and the other methods of its class, of which one may ask for all."""
    yield function
    if function.owner is not None:
        yield from (method for method in function.owner.all_methods() if method is not function)


def _asks(function: FunctionInfo) -> bool:
    if function.name in _ASKING_HOW_MUCH:
        return True
    if function.body is None:
        return False
    return any(call.called_name in _ASKING_HOW_MUCH for call in function.calls())


def _goes_over_sockets(facts: Facts, loop: Loop, site: Site) -> bool:
    """Say whether each round writes to another client: a single one may be written to in pieces."""
    receiver = site.call.receiver
    if receiver is None:
        return False
    changed = [part for one in (loop.target, loop.step) if one is not None for part in walk(one)]
    each = {variable.root for part in changed if (variable := facts.names.variable(part, site.function)) is not None}
    taken = [
        statement.value
        for statement in site.function.statements()
        if isinstance(statement, Assign)
        and statement.value is not None
        and facts.names.variable(statement.target, site.function) == facts.names.variable(receiver, site.function)
    ]
    return any(_is_of(facts, part, site, each) for one in (receiver, *taken) for part in walk(one))


def _is_of(facts: Facts, part: Expression, site: Site, each: set[Variable]) -> bool:
    variable = facts.names.variable(part, site.function) if isinstance(part, Name | Attribute) else None
    return variable is not None and variable.root in each


# --- buffers that only grow -------------------------------------------------------------------------------------------


def _collected(facts: Facts, found: ClassInfo) -> Iterator[Finding]:
    for name in found.members:
        variable = Variable(found, name)
        definitions = facts.definitions.everywhere(variable)
        grown = next((one for one in definitions if _grows(facts, one)), None)
        if grown is not None and not _is_cut(facts, variable, found, definitions):
            message = (
                f"Whatever arrives is added to {name}, and nothing is ever removed: a peer decides how large it grows."
            )
            yield RULE.finding(grown.place, message, [(grown.place, "added here")])


def _grows(facts: Facts, definition: Definition) -> bool:
    if definition.value is None or definition.how not in (How.EXTENDED, How.ADDED):
        return False
    return facts.chunks.of(definition.value, definition.function) is not None


def _is_cut(facts: Facts, variable: Variable, found: ClassInfo, definitions: list[Definition]) -> bool:
    """Say whether a method takes something from the buffer, sets it anew, or asks how much there is."""
    for definition in definitions:
        is_first = definition.function.is_constructor
        if definition.how in (How.VALUE, How.PART) and not is_first and definition.function is not found.body:
            return True
    for method in found.all_methods():
        for call in method.calls() if method.body is not None else ():
            if call.called_name in _CUTTING and _is_about(facts, call, method, variable):
                return True
    return False


def _is_about(facts: Facts, call: Call, function: FunctionInfo, variable: Variable) -> bool:
    named: list[Expression] = [*call.arguments, *([call.receiver] if call.receiver is not None else [])]
    return any(facts.names.variable(one, function) == variable for one in named)


RULE = Rule(
    id="LS301",
    title="buffers without a limit",
    severity=Severity.MEDIUM,
    cwe="CWE-770",
    why=(
        "A peer that does not read makes its writer's buffer grow, and one that never ends its message makes the "
        "reader's. One slow client of a broadcast is enough to take all memory."
    ),
    repair="await drain(), check bytesToWrite() before writing, and close the connection at a limit",
    unless=(
        "drain() is awaited, or bytesToWrite() or pause_writing() heeded",
        "what was collected is taken from the buffer, or its size compared",
        "one answer is written, outside of any loop",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="for writer in writers:\n    writer.write(line)\n",
            good="for writer in writers:\n    writer.write(line)\n    await writer.drain()\n",
        ),
        Example(
            Language.CPP,
            bad="for (QLocalSocket *client : m_clients)\n    client->write(line);\n",
            good=(
                "for (QLocalSocket *client : m_clients) {\n    if (client->bytesToWrite() > limit)\n"
                "        client->abort();\n    else\n        client->write(line);\n}\n"
            ),
        ),
    ),
    check=check,
)
