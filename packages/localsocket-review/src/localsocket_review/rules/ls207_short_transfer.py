"""LS207: a read or write may do less than was asked, and nobody looks."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.chunks import BYTES, waits_for_all
from localsocket_review.analysis.definitions import How
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.unasked_shapes import is_object_itself
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.unit import Language
from localsocket_review.rules.half_sent import begins_again, left_half_way, waits_for_room
from localsocket_review.rules.rule import Example, Rule, steps_of
from localsocket_review.rules.transfer_results import is_asked_for_failure, is_given_back, is_measured, unused_result

# What only a socket of Python's is asked.
_OF_SOCKETS = frozenset(
    {
        "sendall",
        "recv_into",
        "recvfrom",
        "settimeout",
        "setblocking",
        "makefile",
        "setsockopt",
        "getsockopt",
        "shutdown",
    }
)
_NUMBERS_OF_TEXT = frozenset({"builtins.int", "builtins.float"})
_ADVANCE = "advance the pointer by what was sent, as well as counting down the size"
_NOT_STREAMS = frozenset({"STDOUT_FILENO", "STDERR_FILENO", "STDIN_FILENO"})


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        for statement in function.statements():
            call = unused_result(facts, statement, function)
            if call is not None:
                yield from _dropped(facts, call, function)
    for site in facts.calls.sites(Act.SHORT):
        if site.function.unit.language is Language.CPP:
            yield from _only_asked_for_failure(facts, site)
        if facts.streams.is_stream(site) and _may_be_socket(facts, site):
            yield from _ends_half_way(facts, site.call, site.function)
    for function in facts.functions(Language.PYTHON):
        for call in function.calls():
            if _sends_untyped(facts, call, function):
                yield from _ends_half_way(facts, call, function)
    for site in facts.calls.sites(Act.UNPACK):
        yield from _unpacked(facts, site)
    for site in facts.streams.reads(Act.CHUNK):
        yield from _promised(facts, site)
        yield from _filled(facts, site)
        yield from _laid_over(facts, site)
        yield from _overwritten(facts, site)


# --- results that nobody looks at -------------------------------------------------------------------------------------


def _dropped(facts: Facts, call: Call, function: FunctionInfo) -> Iterator[Finding]:
    site = facts.calls.site(call, function)
    if site is None and call.called_name == "send" and len(call.arguments) == 1:
        if facts.streams.is_of_messages(function) or _is_one_byte(facts, call.arguments[0], function):
            return
        if _is_used_as_socket(facts, call.receiver, function):
            yield _send_finding(call)
        return
    if site is None or not facts.streams.is_stream(site):
        return
    if (
        site.api.act & Act.SHORT
        and not _is_one_byte(facts, site.argument("data"), function)
        and _may_be_socket(facts, site)
    ):
        yield _send_finding(call)
    elif _fills_buffer(site) and not waits_for_all(call) and _may_be_socket(facts, site):
        message = f"{call.called_name}() may fill less of the buffer than was asked for, and its result is dropped."
        yield RULE.finding(call.place, message, [(call.place, "dropped here")])


def _only_asked_for_failure(facts: Facts, site: Site) -> Iterator[Finding]:
    """`if (send(fd, text, strlen(text), 0) < 0)`: a part that was sent counts as all."""
    size = site.call.arguments[2] if len(site.call.arguments) > 2 else None
    if size is None or isinstance(strip_casts(size), Literal) or not facts.streams.is_stream(site):
        return
    data = site.call.arguments[1]
    if is_object_itself(data) and _has_one_byte(facts, data, size, site.function):
        return
    is_left_to_callers = is_given_back(facts, site)
    if is_left_to_callers or not is_asked_for_failure(facts, site):
        return
    if not is_measured(facts, site) and _may_be_socket(facts, site):
        message = (
            f"{site.call.called_name}() may send less than it was given; everything counts as sent unless it fails."
        )
        yield RULE.finding(site.place, message, [(site.place, "sent once here")], severity=Severity.LOW)


def _ends_half_way(facts: Facts, call: Call, function: FunctionInfo) -> Iterator[Finding]:
    """A loop that sends all is left where that fails, and nothing afterwards asks whether all was sent."""
    if (left := left_half_way(facts, call, function)) is not None:
        message = "The loop ends when this fails, and nothing afterwards shows that a part was not sent."
        yield RULE.finding(call.place, message, [(call.place, "sent here"), (left, "left here")])
    elif (begins := begins_again(facts, call, function)) is not None:
        message = "Each round sends the same bytes from the beginning; only the size is counted down."
        yield RULE.finding(call.place, message, [(call.place, "sent here"), (begins, "counted here")], repair=_ADVANCE)


def _sends_untyped(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    """Say whether what is unknown by its type is sent by as a socket, which may have no room now."""
    receiver = call.receiver if call.called_name == "send" and len(call.arguments) == 1 else None
    if receiver is None or facts.calls.site(call, function) is not None or facts.streams.is_of_messages(function):
        return False
    return waits_for_room(call, function) and not facts.transports.is_network(receiver, function)


def _fills_buffer(site: Site) -> bool:
    return bool(site.api.act & Act.CHUNK) and "buffer" in site.api.roles


def _send_finding(call: Call) -> Finding:
    message = f"{call.called_name}() may send less than it was given, and its result, which says so, is dropped."
    repair = "use sendall()" if call.called_name == "send" and call.receiver is not None else ""
    return RULE.finding(call.place, message, [(call.place, "dropped here")], repair=repair)


def _is_one_byte(facts: Facts, data: Expression | None, function: FunctionInfo) -> bool:
    """Say whether nothing could be sent in part: one byte, which wakes somebody or goes with descriptors."""
    match data:
        case Literal(value=str() | bytes() as value):
            return len(value) <= 1
        case Call(function=Attribute(value=Literal(value=str(text)), name="encode")):
            return len(text) <= 1 and text.isascii()
        case (
            Display(kind="list" | "tuple", items=(only,))
            | Call(function=Name(identifier="bytes" | "bytearray"), arguments=(Display(items=(only,)),))
        ):
            return isinstance(data, Call) or _is_one_byte(facts, only, function)
        case Name():
            made = [one.value for one in facts.definitions.at(data, function) if one.how is How.VALUE]
            return bool(made) and all(one is not data and _is_one_byte(facts, one, function) for one in made)
    return False


def _may_be_socket(facts: Facts, site: Site) -> bool:
    """Say whether a descriptor may be a socket's: neither a standard one nor an element of what pipe() filled."""
    descriptor = site.argument("descriptor")
    if descriptor is None:
        return True
    descriptor = strip_casts(descriptor)
    if isinstance(descriptor, Literal | Subscript) or getattr(descriptor, "identifier", "") in _NOT_STREAMS:
        return False
    is_of_sockets = site.api.method not in ("read", "write")  # which files have too
    return is_of_sockets or facts.subject.concerns(site.function.unit)


def _is_used_as_socket(facts: Facts, receiver: Expression | None, function: FunctionInfo) -> bool:
    """Say whether the same variable, of which no type is known, is used as only a socket of Python's can be."""
    if receiver is None or function.unit.language is not Language.PYTHON or facts.inference.type_of(receiver, function):
        return False
    if facts.transports.is_network(receiver, function):
        return False
    variable = facts.names.variable(receiver, function)
    if variable is None:
        return False
    for other in _functions_of(variable):
        for call in other.calls():
            is_same = call.receiver is not None and facts.names.variable(call.receiver, other) == variable
            is_recv = call.called_name == "recv" and len(call.arguments) == 1 and not call.keywords
            if is_same and (call.called_name in _OF_SOCKETS or is_recv):
                return True
    return False


def _functions_of(variable: Variable) -> Iterator[FunctionInfo]:
    if isinstance(variable.owner, ClassInfo):
        yield from (method for method in variable.owner.all_methods() if method.body is not None)
    else:
        yield variable.owner
        yield from variable.owner.nested


# --- as much as was asked for -----------------------------------------------------------------------------------------


def _unpacked(facts: Facts, site: Site) -> Iterator[Finding]:
    """A header is read at once, and unpacked as if all of it had come."""
    data = site.argument("data")
    if data is None or site.api.name in _NUMBERS_OF_TEXT or site.api.act & Act.RECEIVE:
        return
    trace = facts.chunks.of(data, site.function)
    if trace is not None and facts.chunks.is_sized(trace):
        message = "A read may return less than was asked for; its result is unpacked as if everything had arrived."
        yield RULE.finding(trace[0].place, message, [*steps_of(trace), (site.place, "unpacked here")])


def _promised(facts: Facts, site: Site) -> Iterator[Finding]:
    """As much as a header promised is read by one call."""
    size = site.argument("size")
    if size is None or waits_for_all(site.call) or not _comes_from_header(facts, size, site.function):
        return
    if is_measured(facts, site):
        return
    message = "A read may return less than was asked for; one call is taken to return all that the header promised."
    yield RULE.finding(site.place, message, [(size.place, "asked for"), (site.place, "read once here")])


def _comes_from_header(facts: Facts, size: Expression, function: FunctionInfo) -> bool:
    size = strip_casts(size)
    if not isinstance(size, Name | Attribute):
        return False
    if any(one.how is How.EXTENDED for one in facts.definitions.at(size, function)):
        return False  # what is still missing, counted down
    for origin in facts.origins.of(size, function):
        made = origin.expression
        api = facts.calls.api_of(made, origin.function) if isinstance(made, Call) else None
        if api is not None and api.act & (Act.UNPACK | Act.CHUNK):
            return True
    return False


def _filled(facts: Facts, site: Site) -> Iterator[Finding]:
    """A struct or a number is read, and the result is only asked whether it failed."""
    buffer, size = site.argument("buffer"), site.argument("size")
    if site.api.name.startswith("Q") and len(site.call.arguments) == 2:
        buffer, size = site.call.arguments
    if buffer is None or size is None or site.function.unit.language is not Language.CPP:
        return
    if _has_one_byte(facts, buffer, size, site.function) or facts.streams.is_dropped(site, buffer):
        return  # which comes or does not
    if not is_object_itself(buffer) or not _is_size_of(size) or waits_for_all(site.call) or is_measured(facts, site):
        return
    message = "A read may return less than was asked for; the object counts as filled whenever the read did not fail."
    yield RULE.finding(site.place, message, [(site.place, "read once here")])


def _laid_over(facts: Facts, site: Site) -> Iterator[Finding]:
    """A structure is laid over what one read gave, and nobody asks how much that was."""
    if waits_for_all(site.call) or is_object_itself(site.argument("buffer")) or not _may_be_socket(facts, site):
        return
    use = facts.unasked_shapes.laid_over(site)
    if use is not None:
        message = "The read may return fewer bytes than are taken from the buffer; nothing checks how many arrived."
        yield RULE.finding(site.place, message, [(site.place, "read once here"), (use.place, "taken here")])


def _overwritten(facts: Facts, site: Site) -> Iterator[Finding]:
    """A loop reads to the beginning of the buffer until nothing comes, and the buffer is used after that."""
    buffer = site.argument("buffer")
    if site.api.name.startswith("Q") and len(site.call.arguments) == 2:
        buffer = site.call.arguments[0]
    if buffer is None or site.function.unit.language is not Language.CPP or not _may_be_socket(facts, site):
        return
    use = facts.overwriting.used_after(site, buffer)
    if use is not None:
        message = "Each read overwrites the one before; only the last piece, of unknown length, is used afterwards."
        yield RULE.finding(site.place, message, [(site.place, "read here"), (use.place, "used here")])


def _has_one_byte(facts: Facts, buffer: Expression, size: Expression, function: FunctionInfo) -> bool:
    if facts.values.numbers(size, function) == {1}:
        return True
    inner = strip_casts(buffer)
    object_ = inner.operand if isinstance(inner, Unary) else inner
    return facts.inference.type_of(object_, function).removeprefix("std.") in BYTES and not isinstance(size, Literal)


def _is_size_of(size: Expression) -> bool:
    return (
        isinstance(size, Literal)
        or any(isinstance(part, Call) and part.called_name == "sizeof" for part in walk(size))
        or getattr(size, "kind", "") == "sizeof"
    )


RULE = Rule(
    id="LS207",
    title="short read or write taken for a whole one",
    severity=Severity.MEDIUM,
    cwe="CWE-252",
    why=(
        "recv(n) returns what has arrived, at most n bytes; send() accepts what there is room for. "
        "On a quiet machine "
        "that is everything. Under load, a header arrives in halves, the end of an answer is "
        "missing, and both ends are out of "
        "step from then on."
    ),
    repair="read in a loop until everything has arrived, and send with sendall() or in a loop",
    unless=(
        "sendall() sends all",
        "a loop, MSG_WAITALL or readexactly() waits for the whole",
        "the length of what arrived is compared with what was asked for",
        "how much was sent is what the function returns, also as another language's number",
        "the socket keeps messages apart, or is no socket: a pipe, standard input or output",
        "nobody looks at what was read: it only empties a pipe that wakes a loop",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='(size,) = struct.unpack("!I", connection.recv(4))\nconnection.send(answer)\n',
            good=(
                '(size,) = struct.unpack("!I", connection.recv(4, socket.MSG_WAITALL))\nconnection.sendall(answer)\n'
            ),
        ),
        Example(
            Language.CPP,
            bad="write(client, answer, length);\n",
            good=(
                "while (length > 0) {\n    ssize_t sent = write(client, answer, length);\n    if (sent < 0)\n"
                "        return -1;\n    answer += sent;\n    length -= sent;\n}\n"
            ),
        ),
    ),
    check=check,
)
