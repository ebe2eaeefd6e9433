"""LS205: what one read gave is taken for one message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.carried_data import Step, Trace
from localsocket_review.analysis.chunks import waits_for_all
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.unasked_shapes import is_object_itself, is_structure
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Binary,
    Call,
    Cast,
    Display,
    Expression,
    Literal,
    Name,
    Slice,
    Subscript,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Choice
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

_BEGINNINGS = frozenset({"startswith", "startsWith", "starts_with", "compare"})
_LOOKING_UP = frozenset({"get", "value", "at", "find", "contains", "count"})
_NUMBERS = frozenset({"toInt", "toUInt", "toLongLong", "toULongLong", "toDouble", "toShort", "toUShort"})
_INTO_WORDS = frozenset({"split", "rsplit"})
_SPLITTING = _INTO_WORDS | {"partition", "rpartition"}
_ENDS_OF_MESSAGES = frozenset("\n\r\0")
_NUMBERS_OF_TEXT = frozenset({"builtins.int", "builtins.float", "strtol", "strtoul", "strtoull", "atoi", "atol"})
_OF_MESSAGES = re.compile(
    r"(?:^|_)(?:process|handle|parse|dispatch|execute|interpret|on)?_?"
    r"(?:message|msg|command|cmd|request|req|packet|line|frame|json|query|reply|response|event)s?"
    r"(?:_?(?:received|arrived|ready|from|in|text))?$",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"^(?:parse\w*|finished|finish|done|completed?|decode\w*|fromJson)$")
# What is given pieces, and gives messages back when they are whole.
_COLLECTING = re.compile(
    r"(?:receive|recv|feed|next|get|read|add|push|append|put|collect|buffer|store)_", re.IGNORECASE
)
_ACTING = frozenset({"process", "handle", "parse", "dispatch", "execute", "interpret"})


def check(facts: Facts) -> Iterator[Finding]:
    told = set()
    for function in facts.functions():
        for used, place, words, confidence in _whole_messages(facts, function):
            trace = facts.chunks.of(used, function)
            if trace is not None and not (words == "unpacked here" and facts.chunks.is_sized(trace)):
                told.add(trace[0].place)
                yield _finding(trace, place, words, confidence)
    for site in facts.streams.reads(Act.CHUNK):
        if site.place not in told and (use := _laid_over(facts, site)) is not None:
            yield _finding((Step(site.place, "received here"),), use.place, "unpacked here", Confidence.HIGH)
    yield from _lines_of_qt(facts)
    yield from _streams_of_qt(facts)
    yield from _until_nothing(facts)


def _finding(trace: Trace, place: Place, words: str, confidence: Confidence) -> Finding:
    message = "The result of one read is taken for one message; it may be part of one, or several."
    return RULE.finding(trace[0].place, message, [*steps_of(trace), (place, words)], confidence=confidence)


_Use = tuple[Expression, Place, str, Confidence]


def _whole_messages(facts: Facts, function: FunctionInfo) -> Iterator[_Use]:
    """Yield what the function takes for a whole message, and how it shows."""
    for part in function.expressions():
        yield from _of_expression(facts, part, function)
    for statement in function.statements():
        if isinstance(statement, Choice):
            yield statement.subject, statement.subject.place, "chosen by here", Confidence.HIGH


def _of_expression(facts: Facts, part: Expression, function: FunctionInfo) -> Iterator[_Use]:
    match part:
        case Binary(operator="==" | "!=", left=left, right=right):
            for one, other in ((left, right), (right, left)):
                if _is_byte(one, other, function) or _is_edge(facts, one, other, function):
                    continue
                if facts.chunks.of(one, function) is not None and _is_text(facts, other, function):
                    yield one, part.place, "compared here", Confidence.HIGH
        case Binary(operator="in" | "not in", left=left, right=right) if not isinstance(left, Literal):
            if not _has_nothing(right):
                yield left, part.place, "looked up here", Confidence.HIGH
        case Subscript(index=index) if not isinstance(index, Literal):
            yield index, part.place, "looked up here", Confidence.HIGH
        case Cast(type=to, value=value) if is_structure(to) and function.unit.language is Language.CPP:
            yield value, part.place, "unpacked here", Confidence.HIGH
        case Call():
            yield from _of_call(facts, part, function)


def _of_call(facts: Facts, call: Call, function: FunctionInfo) -> Iterator[_Use]:
    site = facts.calls.site(call, function)
    name = call.called_name
    receiver = call.receiver
    if site is not None:
        yield from _of_site(site)
    elif receiver is not None and (name in _BEGINNINGS or name in _NUMBERS or _takes_words(call, function)):
        yield receiver, call.place, "taken apart here", Confidence.HIGH
    elif receiver is not None and name in _LOOKING_UP and call.arguments:
        yield call.arguments[0], call.place, "looked up here", Confidence.HIGH
    elif not any(callee.body for callee in facts.calls.callees(call, function)) and _speaks_of_messages(call):
        for argument in call.arguments:
            yield argument, call.place, "handed on as a message here", Confidence.MEDIUM


def _takes_words(call: Call, function: FunctionInfo) -> bool:
    """Say whether a text is split into its words, and not into lines, of which the last may be kept for later."""
    if call.called_name not in _SPLITTING or function.unit.language is not Language.PYTHON:
        return False
    separator = strip_casts(call.arguments[0]) if call.arguments else None
    if separator is None:
        return call.called_name in _INTO_WORDS and not call.keywords
    value = separator.value if isinstance(separator, Literal) else None
    between = value.decode("latin-1") if isinstance(value, bytes) else value
    return isinstance(between, str) and not _ENDS_OF_MESSAGES.intersection(between)


def _of_site(site: Site) -> Iterator[_Use]:
    is_number_of_text = site.api.name in _NUMBERS_OF_TEXT or site.api.method in _NUMBERS
    if site.api.act & (Act.PARSE | Act.UNPICKLE | Act.RUN_CODE) or is_number_of_text:
        role = "code" if site.api.act & Act.RUN_CODE else "data"
        data = site.argument(role) or (site.call.arguments[0] if site.call.arguments else None)
        if data is not None:
            yield data, site.place, "parsed here", Confidence.HIGH
    elif site.api.act & Act.UNPACK and (data := site.argument("data")) is not None:
        yield data, site.place, "unpacked here", Confidence.HIGH
    elif site.api.method in ("memcpy", "memmove") and (source := _copied_to_object(site)) is not None:
        yield source, site.place, "unpacked here", Confidence.HIGH
    elif site.api.name == "QDataStream" and site.call.arguments:
        yield site.call.arguments[0], site.place, "parsed here", Confidence.HIGH


def _laid_over(facts: Facts, site: Site) -> Expression | None:
    """Return where a pointer that moves through the buffer is taken for a structure's, whatever has come of it."""
    trace = (Step(site.place, "received here"),)
    if site.function.unit.language is not Language.CPP or waits_for_all(site.call) or facts.chunks.is_sized(trace):
        return None
    return None if is_object_itself(site.argument("buffer")) else facts.unasked_shapes.laid_over(site)


def _copied_to_object(site: Site) -> Expression | None:
    return site.argument("source") if is_object_itself(site.argument("buffer")) else None


def _speaks_of_messages(call: Call) -> bool:
    name = call.called_name
    if name == "emit" and call.receiver is not None:
        name = getattr(call.receiver, "name", "")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    if _COLLECTING.match(words):
        return False
    return bool(_OF_MESSAGES.search(words)) or name in _ACTING


def _is_byte(one: Expression, other: Expression, function: FunctionInfo) -> bool:
    """Say whether one byte of C is compared with a character: a byte has come, or has not."""
    is_character = isinstance(other, Literal) and isinstance(other.value, str) and len(other.value) == 1
    return is_character and isinstance(one, Name) and function.unit.language is Language.CPP


def _is_edge(facts: Facts, one: Expression, other: Expression, function: FunctionInfo) -> bool:
    """Say whether the first or last byte is compared, by which one asks whether all has come: `data[-1:] == b";"`."""
    is_character = isinstance(other, Literal) and isinstance(other.value, (str, bytes)) and len(other.value) == 1
    if not is_character or function.unit.language is not Language.PYTHON:
        return False
    if isinstance(one, Name):
        made = [definition.value for definition in facts.definitions.at(one, function)]
        return any(isinstance(value, Subscript) for value in made) and all(
            isinstance(value, Subscript | Literal) for value in made
        )
    return isinstance(one, Subscript) and isinstance(one.index, Slice)


def _is_text(facts: Facts, expression: Expression, function: FunctionInfo) -> bool:
    """Say whether this is a text with something in it: what compares with nothing asks for the end alone."""
    expression = strip_casts(expression)
    if isinstance(expression, Literal):
        return isinstance(expression.value, (str, bytes)) and bool(expression.value)
    if isinstance(expression, Call) and len(expression.arguments) == 1 and expression.called_name[:1] in "Qb":
        return _is_text(facts, expression.arguments[0], function)
    texts = facts.values.texts(expression, function) if not isinstance(expression, Call) else frozenset()
    return bool(texts) and all(text.literal for text in texts)


def _has_nothing(container: Expression) -> bool:
    """Say whether a container holds an empty text: `data in (b"", None)` asks for the end."""
    if isinstance(container, Literal):
        return True
    return isinstance(container, Display) and any(isinstance(one, Literal) and not one.value for one in container.items)


# --- Qt's own framing -------------------------------------------------------------------------------------------------


def _lines_of_qt(facts: Facts) -> Iterator[Finding]:
    """A line is read that may not be there yet, or only the first of those that are."""
    slots = {target for connection in facts.connections.of_signal("readyRead") for target in connection.targets}
    for site in facts.streams.reads(Act.RECEIVE):
        if site.api.method != "readLine" or not site.api.name.startswith("Q"):
            continue
        if site.api.name.startswith("QTextStream.") and not _is_over_socket(facts, site):
            continue
        asked = _asked_before(facts, site.call, site.function, "canReadLine")
        if not asked:
            message = "readLine() returns whatever has arrived of a line; nothing asks canReadLine() first."
            yield RULE.finding(site.place, message, [(site.place, "read here")])
        elif site.function in slots and not facts.flow(site.function).is_in_loop(site.call):
            message = "One line is read for each readyRead, which may announce several: the others stay unread."
            yield RULE.finding(site.place, message, [(asked, "asked once here"), (site.place, "read here")])


def _is_over_socket(facts: Facts, site: Site) -> bool:
    """Say whether a text stream reads from what plainly is a socket: most read files."""
    devices = [
        argument
        for origin in (facts.definitions.at(site.call.receiver, site.function) if site.call.receiver else ())
        if isinstance(origin.value, Call)
        for argument in origin.value.arguments[:1]
    ]
    return any(facts.inference.is_a(device, site.function, "QLocalSocket", "QAbstractSocket") for device in devices)


def _asked_before(facts: Facts, use: Expression, function: FunctionInfo, *names: str) -> Place | None:
    """Return where the socket was asked how much has come, here or where this function is called."""
    for guard in facts.flow(function).guards(use):
        for part in walk(guard.test):
            if isinstance(part, Call) and part.called_name in names:
                return part.place
    callers = [caller for caller in facts.calls.callers(function) if not caller.is_handed_on]
    for caller in callers:
        if caller.caller is not function and (asked := _asked_before(facts, caller.call, caller.caller, *names)):
            return asked
    return None


def _streams_of_qt(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        if any(call.called_name in ("startTransaction", "rollbackTransaction") for call in function.calls()):
            continue
        reads = [part for part in function.expressions() if _reads_stream(facts, part, function)]
        for read in reads[:1]:
            if _asked_before(facts, read, function, "bytesAvailable", "waitForReadyRead", "commitTransaction"):
                continue
            if any(
                call.called_name == "startTransaction"
                for caller in facts.calls.callers(function)
                for call in caller.caller.calls()
            ):
                continue
            message = (
                "A QDataStream reads from the socket without a transaction: what has not arrived yet is read as zero."
            )
            yield RULE.finding(read.place, message, [(read.place, "read here")])


def _until_nothing(facts: Facts) -> Iterator[Finding]:
    """A slot reads until nothing more is there, and takes what has come so far for the whole."""
    slots = {target for connection in facts.connections.of_signal("readyRead") for target in connection.targets}
    for site in facts.streams.reads(Act.RECEIVE):
        function, flow = site.function, facts.flow(site.function)
        if function not in slots or not site.api.name.startswith("Q") or not flow.is_in_loop(site.call):
            continue
        for call in function.calls():
            if not _says_whole(call) or flow.is_in_loop(call) or not flow.dominates(site.call, call):
                continue
            if any(facts.chunks.measures(guard, function) or _asks(guard.test) for guard in flow.guards(call)):
                continue
            message = "An empty socket is taken for the end of the message; the rest may arrive later."
            yield RULE.finding(site.place, message, [(site.place, "read here"), (call.place, "taken for whole here")])
            break


def _says_whole(call: Call) -> bool:
    return bool(_WHOLE.search(call.called_name)) or _speaks_of_messages(call)


def _asks(test: Expression) -> bool:
    """Say whether a condition asks something of the data or of the socket, other than how the last read went."""
    return any(isinstance(part, Call) for part in walk(test))


def _reads_stream(facts: Facts, part: Expression, function: FunctionInfo) -> bool:
    """Say whether this takes values from a QDataStream over a socket."""
    stream: Expression | None = None
    match part:
        case Binary(operator=">>", left=left) if not isinstance(left, Binary):
            stream = left
        case Call() if (api := facts.calls.api_of(part, function)) is not None and api.name.startswith("QDataStream."):
            stream = part.receiver if api.act & Act.RECEIVE else None
    if stream is None or not facts.inference.is_a(stream, function, "QDataStream"):
        return False
    devices = [
        (argument, definition.function)
        for definition in facts.definitions.at(stream, function)
        if definition.value is not None
        for argument in (definition.value.arguments[:1] if isinstance(definition.value, Call) else (definition.value,))
    ]
    if any(facts.inference.is_a(device, where, "QLocalSocket") for device, where in devices):
        return True
    return _is_set_on_socket(facts, stream, function)


def _is_set_on_socket(facts: Facts, stream: Expression, function: FunctionInfo) -> bool:
    variable = facts.names.variable(stream, function)
    return any(
        other.owner is function.owner
        and call.receiver is not None
        and facts.names.variable(call.receiver, other) == variable
        and any(facts.inference.is_a(argument, other, "QLocalSocket") for argument in call.arguments)
        for call, other in facts.program.calls_named("setDevice")
    )


RULE = Rule(
    id="LS205",
    title="one read taken for one message",
    severity=Severity.MEDIUM,
    cwe=None,
    why=(
        "A stream keeps no boundaries between messages. Under load, one read returns half a message, or two and a "
        "half: the parser fails, or what came with the first message is lost. On a quiet machine it works."
    ),
    repair="append to a buffer of the connection, and take whole messages from it in a loop",
    unless=(
        "what is read is appended to a buffer, from which a loop takes messages",
        "the stream is read to its end before it is parsed",
        "the length is compared before the data is used",
        "the socket keeps messages apart: SOCK_SEQPACKET, SOCK_DGRAM",
        "the data is only passed on",
        "a transaction of QDataStream, or canReadLine(), waits for the whole",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="void Session::read()\n{\n    handle(QJsonDocument::fromJson(m_socket->readAll()));\n}\n",
            good=(
                "void Session::read()\n{\n    while (m_socket->canReadLine())\n"
                "        handle(QJsonDocument::fromJson(m_socket->readLine()));\n}\n"
            ),
        ),
        Example(
            Language.PYTHON,
            bad="request = json.loads(connection.recv(4096))\n",
            good='for line in connection.makefile("rb"):\n    request = json.loads(line)\n',
        ),
    ),
    check=check,
)
