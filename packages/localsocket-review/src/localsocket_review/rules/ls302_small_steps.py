"""LS302: a byte at a time, or a buffer copied for each piece."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    strip_casts,
)
from localsocket_review.model.statements import Assign, Loop, contains
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_TEXTS = ("bytes", "str", "QByteArray", "QString", "std.string")


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.streams.reads(Act.CHUNK):
        passes_descriptors = site.api.method in ("recvmsg", "recv_fds")
        is_single = (
            not passes_descriptors and _reads_one(site) and not facts.streams.is_dropped(site, site.argument("buffer"))
        )
        if is_single and _is_repeated(facts, site):
            yield _byte_by_byte(site)
    for site in facts.calls.sites(Act.SEND):
        if _sends_one(site) and not facts.transports.is_network_site(site) and facts.streams.is_stream(site):
            yield _byte_by_byte(site)
    for function in facts.functions():
        if facts.subject.concerns(function.unit):
            yield from _copies(facts, function)


def _byte_by_byte(site: Site) -> Finding:
    cost = "each goes through Qt's buffer by itself" if site.api.name.startswith("Q") else "a system call for each"
    message = f"{site.call.called_name}() is called for every single byte: {cost}."
    return RULE.finding(site.place, message, [(site.place, "one byte at a time")])


def _reads_one(site: Site) -> bool:
    return site.api.method == "getChar" or _is_one(_size_read(site))


def _size_read(site: Site) -> Expression | None:
    if site.api.name.startswith("Q") and len(site.call.arguments) == 2:
        return site.call.arguments[1]
    return site.argument("size")


def _is_one(size: Expression | None) -> bool:
    return isinstance(size, Literal) and size.value == 1


def _is_repeated(facts: Facts, site: Site) -> bool:
    """Say whether the call is in a loop, or in a helper that a loop calls."""
    if facts.flow(site.function).is_in_loop(site.call):
        return True
    return any(
        facts.flow(caller.caller).is_in_loop(caller.call)
        for caller in facts.calls.callers(site.function)
        if not caller.is_handed_on
    )


def _sends_one(site: Site) -> bool:
    """Say whether the call sends one item of what a loop goes over, or one byte in a loop."""
    loops = [
        statement
        for statement in site.function.statements()
        if isinstance(statement, Loop) and contains([statement], site.call)
    ]
    if not loops:
        return False
    data = site.argument("data")
    if site.api.method == "putChar":
        return True
    if site.function.unit.language is Language.CPP:
        size = site.call.arguments[-1] if site.api.name.startswith("Q") else None
        sizes = [size] if size is not None else list(site.call.arguments[2:3])
        is_constant = isinstance(data, Literal)  # a line's end, or what wakes somebody
        return not is_constant and len(site.call.arguments) >= 2 and any(_is_one(one) for one in sizes)
    return data is not None and any(_is_single(data, loop) for loop in loops)


def _is_single(data: Expression, loop: Loop) -> bool:
    """Say whether this is one byte: `bytes([byte])`, `text[i:i + 1]`, `character.encode()`."""
    match data:
        case Call(called_name="bytes", arguments=(Display(items=(_,)),)):
            return True
        case Call(called_name="encode", function=Attribute(value=Name(identifier=name))):
            return _goes_over_text(loop, name)
        case Name(identifier=name):
            return _goes_over_text(loop, name)
        case Call(called_name="to_bytes", arguments=(Literal(value=1), *_)):
            return True
    return False


def _goes_over_text(loop: Loop, name: str) -> bool:
    """Say whether the loop's variable goes over the characters of a text, as far as its name tells."""
    target, iterable = loop.target, loop.iterable
    if not isinstance(target, Name) or target.identifier != name or iterable is None:
        return False
    return name in ("c", "ch", "char", "character", "letter", "b", "byte") and isinstance(
        iterable, Name | Attribute | Call
    )


def _copies(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    for statement in function.statements():
        match statement:
            case Assign(target=target, value=Binary(operator="+", left=left), operator="="):
                variable = facts.names.variable(target, function)
                is_joined = (
                    variable is not None and _is_plain(left) and facts.names.variable(left, function) == variable
                )
                if is_joined and _is_in_loop(facts, target, function) and _is_text(facts, target, function):
                    message = "The whole buffer is copied for each piece that is added to it."
                    yield RULE.finding(target.place, message, [(target.place, "copied here, in a loop")])
    for call in function.calls():
        if call.called_name != "remove" or call.receiver is None or len(call.arguments) != 2:
            continue
        first = call.arguments[0]
        is_front = isinstance(first, Literal) and first.value == 0
        if is_front and facts.flow(function).is_in_loop(call) and function.unit.language is Language.CPP:
            message = "What is left of the buffer is moved to its front for each message."
            yield RULE.finding(call.place, message, [(call.place, "moved here, in a loop")])


def _is_plain(expression: Expression) -> bool:
    return isinstance(strip_casts(expression), Name | Attribute) and not isinstance(expression, Unary | Subscript)


def _is_in_loop(facts: Facts, target: Expression, function: FunctionInfo) -> bool:
    return facts.flow(function).is_in_loop(target)


def _is_text(facts: Facts, target: Expression, function: FunctionInfo) -> bool:
    return facts.inference.is_a(target, function, *_TEXTS)


RULE = Rule(
    id="LS302",
    title="byte by byte, or a buffer copied for each piece",
    severity=Severity.LOW,
    cwe=None,
    why=(
        "Each read and write of a socket is a system call, whether it moves one byte or a hundred thousand. A buffer "
        "that is copied for each piece costs the square of its length: twice the data take four times as long."
    ),
    repair="read and write what there is at once, append to a bytearray, and cut off the front once after the loop",
    unless=(
        "a buffered file object or stream reads ahead",
        "one byte is sent once, to wake somebody",
        "the numbers that are added are no buffers",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='while not line.endswith(b"\\n"):\n    line = line + connection.recv(1)\n',
            good='line = connection.makefile("rb").readline()\n',
        ),
        Example(
            Language.CPP,
            bad=(
                "while ((end = buffer.indexOf('\\n')) >= 0) {\n    handle(buffer.left(end));\n"
                "    buffer.remove(0, end + 1);\n}\n"
            ),
            good=(
                "while ((end = buffer.indexOf('\\n', begin)) >= 0) {\n    handle(buffer.mid(begin, end - begin));\n"
                "    begin = end + 1;\n}\nbuffer.remove(0, begin);\n"
            ),
        ),
    ),
    check=check,
)
