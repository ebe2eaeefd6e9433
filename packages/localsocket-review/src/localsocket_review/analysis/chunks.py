"""What one call received from a stream: some bytes of it, which need not be one message."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.carried_data import Step, Trace
from localsocket_review.analysis.control_flow import ControlFlow, Guard
from localsocket_review.analysis.definitions import Definition, Definitions, How
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.searching import Search, searched
from localsocket_review.analysis.sites import Site, Trail
from localsocket_review.analysis.streams import Streams
from localsocket_review.analysis.transports import Transports
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Assignment,
    Attribute,
    Await,
    Binary,
    Call,
    Cast,
    Conditional,
    Expression,
    Literal,
    Name,
    Slice,
    Starred,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Assign, Statement

# What gives its object, or its first argument, in another form.
_CHANGING_FORM = frozenset(
    {
        "decode",
        "strip",
        "rstrip",
        "lstrip",
        "lower",
        "upper",
        "split",
        "rsplit",
        "splitlines",
        "partition",
        "rpartition",
        "removesuffix",
        "removeprefix",
        "tobytes",
        "toString",
        "data",
        "constData",
        "c_str",
        "trimmed",
        "simplified",
        "toLower",
        "toUpper",
        "toStdString",
        "toUtf8",
        "toLatin1",
        "first",
        "section",
    }
)
_MAKING_FORM = frozenset(
    {
        "str",
        "bytes",
        "bytearray",
        "memoryview",
        "QString",
        "QByteArray",
        "QLatin1String",
        "string",
        "string_view",
        "fromUtf8",
        "fromLatin1",
        "fromLocal8Bit",
        "fromStdString",
        "qPrintable",
        "qUtf8Printable",
        "QBuffer",
        "strchr",
        "strrchr",
        "strstr",
        "strpbrk",
    }
)
_MEASURING = frozenset({"len", "size", "length", "bytesAvailable", "canReadLine", "count"})
# How many calls on the way are told apart: a helper of a helper is given what its caller was given.
_REMEMBERED = 2
_SMALLEST_ROOM = 128
# The types of one byte.
BYTES = frozenset({"char", "unsigned char", "signed char", "uint8_t", "int8_t", "quint8", "uchar", "byte", "bool"})


class Chunks:
    """Follows what one call has received, as long as it is that alone and nothing was added to it."""

    def __init__(
        self,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        origins: Origins,
        transports: Transports,
        streams: Streams,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._origins = origins
        self._transports = transports
        self._streams = streams
        self._flow_of = flow_of
        self.search = Search()
        self._sized: set[Place] | None = None
        self._measuring: dict[Guard, bool] = {}

    def of(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of what one call received to this expression, unless more was put to it or it was measured."""
        return self._chunk(expression, function, ())

    @searched
    def _chunk(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Trace | None:
        match expression:
            case Call():
                return self._of_call(expression, function, trail)
            case Name() | Attribute():
                if any(self.measures(guard, function) for guard in self._flow_of(function).guards(expression)):
                    return None
                return self._of_variable(expression, function, trail)
            case Subscript(index=Slice(parts=(_, end, *_))) if not isinstance(end, Literal | Unary):
                return None  # `data[at:end]`: the end was looked for, so what is cut out is whole
            case Cast(value=value) | Await(value=value) | Starred(value=value) | Subscript(value=value):
                return self._chunk(value, function, trail)
            case Assignment(value=value, operator="=") | Unary(operator="&" | "*", operand=value):
                return self._chunk(value, function, trail)
            case Conditional(then=one, otherwise=other) | Binary(operator="or", left=one, right=other):
                return self._chunk(one, function, trail) or self._chunk(other, function, trail)
            case Binary(operator="+", left=one, right=other):
                if isinstance(other, Literal):
                    return self._chunk(one, function, trail)
                return self._chunk(other, function, trail) if isinstance(one, Literal) else None
        return None

    def is_sized(self, trace: Trace) -> bool:
        """Say whether the read at the beginning of the way asked for as much as it needs: too little of it is LS207."""
        if self._sized is None:
            self._sized = {site.place for site in self._calls.sites(Act.CHUNK) if self._asks_for_exactly(site)}
        return trace[0].place in self._sized

    def _asks_for_exactly(self, site: Site) -> bool:
        """Say whether the read is given the size of what is wanted, and not that of the room there is."""
        size = site.argument("size")
        if size is None:
            return False
        return not any(_is_room(origin.expression, origin.function) for origin in self._origins.of(size, site.function))

    def measures(self, guard: Guard, function: FunctionInfo) -> bool:
        """Say whether a condition asks how much has come: a length other than none, or Qt's bytesAvailable()."""
        if guard not in self._measuring:
            self._measuring[guard] = self._measures(guard, function)
        return self._measuring[guard]

    def _measures(self, guard: Guard, function: FunctionInfo) -> bool:
        match guard.test:
            case Binary(operator=operator, left=left, right=right) if operator in COMPARISONS:
                sides = (left, right)
                if any(_is_nothing(side) for side in sides):
                    return False
                return any(self._is_measure(side, function) for side in sides)
            case Call(called_name="canReadLine"):
                return guard.holds
        return False

    def _is_measure(self, expression: Expression, function: FunctionInfo) -> bool:
        for part in walk(expression):
            if isinstance(part, Call) and part.called_name in _MEASURING:
                return True
        return self.is_count(expression, function)

    def is_count(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether the expression is the number of bytes that a call received."""
        expression = strip_casts(expression)
        if isinstance(expression, Assignment):
            return self.is_count(expression.value, function)
        if isinstance(expression, Call):
            api = self._calls.api_of(expression, function)
            return api is not None and bool(api.act & Act.CHUNK) and "buffer" in api.roles
        if not isinstance(expression, Name | Attribute):
            return False
        return any(
            one.how is How.VALUE and isinstance(made := strip_casts(one.value), Call) and self.is_count(made, function)
            for one in self._definitions.at(expression, function)
            if one.value is not None
        )

    def _of_call(self, call: Call, function: FunctionInfo, trail: Trail) -> Trace | None:
        site = self._calls.site(call, function)
        if site is not None and site.api.act & Act.CHUNK:
            is_whole = waits_for_all(call) or self._is_one(site)
            gives = "buffer" not in site.api.roles and self._streams.is_stream(site) and not is_whole
            is_measured = any(self.measures(guard, function) for guard in self._flow_of(function).guards(call))
            return (Step(call.place, "received here"),) if gives and not is_measured else None
        name = last_word(call.called_name)
        if call.receiver is not None and name in _CHANGING_FORM:
            return self._chunk(call.receiver, function, trail)
        if name in _MAKING_FORM and call.arguments:
            return self._chunk(call.arguments[0], function, trail)
        for value, callee in self._calls.returned_by(call, function):
            longer = self._calls.trail_into(callee, call, function, trail)
            found = self._chunk(value, callee, longer[-_REMEMBERED:])
            if found is not None:
                return (*found, Step(call.place, f"returned by {callee.name}()"))
        return None

    def _of_variable(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Trace | None:
        # What ends a C text, `buffer[count] = 0`, adds nothing.
        definitions = [
            one
            for one in self._definitions.at(expression, function)
            if one.how is not How.ADDED or not isinstance(one.value, Literal)
        ]
        if any(one.how in (How.EXTENDED, How.ADDED) for one in definitions):
            return None
        if sum(one.how is How.FILLED for one in definitions) > 1:
            return None  # a buffer that is filled piece by piece
        return _first(self._of_definition(one, trail) for one in definitions)

    def _of_definition(self, definition: Definition, trail: Trail) -> Trace | None:
        value, function = definition.value, definition.function
        if definition.how is How.PARAMETER and definition.parameter is not None:
            name = definition.parameter.name
            if self._is_given_chunks(function, name):
                return (Step(definition.place, "received here"),)
            if trail and trail[-1][1] is function:  # what it was given there, and not elsewhere
                site = trail[-1][0]
                there = self._calls.value_given(site, function, name)
                return self._chunk(there, site.caller, trail[:-1]) if there is not None else None
            return _first(
                (*found, Step(given.place, f"given to {function.name or 'a function'}() here"))
                for given, caller in self._calls.values_given(function, name)
                if (found := self._chunk(given, caller, ())) is not None
            )
        if definition.how is How.FILLED:
            return self._of_buffer(value, function) if isinstance(value, Call) else None
        return self._chunk(value, function, trail) if value is not None else None

    def _is_given_chunks(self, function: FunctionInfo, parameter: str) -> bool:
        if function.name != "data_received" or self._inference.given_by_framework(function, parameter) != "received":
            return False
        return not self._transports.serves_network(function)

    def _is_one(self, site: Site) -> bool:
        """Say whether one byte is asked for, which is whole: `read(fd, &command, 1)`, or `sizeof command` of a byte."""
        size, buffer = site.argument("size"), site.argument("buffer")
        if site.api.method == "getChar" or (isinstance(size, Literal) and size.value == 1):
            return True
        if buffer is None or not isinstance(size, Call) or size.called_name != "sizeof":
            return False
        while isinstance(buffer, Cast):
            buffer = buffer.value
        if not isinstance(buffer, Unary) or buffer.operator != "&":
            return False
        return self._inference.type_of(buffer.operand, site.function).removeprefix("std.") in BYTES

    def _of_buffer(self, call: Call, function: FunctionInfo) -> Trace | None:
        """A buffer that one call fills from its beginning, with as much as has come."""
        site = self._calls.site(call, function)
        if site is None or not site.api.act & Act.CHUNK or not self._streams.is_stream(site):
            return None
        if waits_for_all(call) or self._is_one(site):
            return None
        buffer = site.argument("buffer")
        target = strip_casts(buffer) if buffer is not None else None
        begins = isinstance(target, Name | Attribute | Call) or (
            isinstance(target, Subscript) and _is_nothing(target.index)
        )
        return (Step(call.place, "received here"),) if begins else None


def waits_for_all(call: Call) -> bool:
    """Say whether a call waits until as much has come as was asked for."""
    return any(
        "MSG_WAITALL" in (getattr(part, "identifier", ""), getattr(part, "name", ""))
        for argument in call.arguments[1:]
        for part in walk(argument)
    )


def _is_room(size: Expression, function: FunctionInfo) -> bool:
    """Say whether a size is that of a buffer: a large round number, or `sizeof buffer` of an array of bytes."""
    match size:
        case Literal(value=int(number)):
            return number >= _SMALLEST_ROOM
        case Binary(operator="-" | "+", left=left):
            return _is_room(left, function)
        case Call(called_name="sizeof", arguments=(Name(identifier=name),)):
            return any(_is_array(statement, name) for statement in function.statements())
    return False


def _is_array(statement: Statement, name: str) -> bool:
    match statement:
        case Assign(target=Name(identifier=found), value=Call(called_name="[]")):
            return found == name
    return False


def _is_nothing(expression: Expression) -> bool:
    match strip_casts(expression):
        case Literal(value=value):
            return not value
        case Unary(operator="-"):
            return True
    return False


def _first(traces: Iterable[Trace | None]) -> Trace | None:
    return next((trace for trace in traces if trace is not None), None)
