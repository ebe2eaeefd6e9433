"""Where a program receives what a peer sends: what a call gives or fills, a stream, what a framework hands over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.carried_data import (
    Step,
    Trace,
)
from localsocket_review.analysis.definitions import Definition, Definitions, How
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.given_buffers import GivenBuffers
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.origins import Origin, Origins
from localsocket_review.analysis.sites import CallSite, Site, Trail, argument_of
from localsocket_review.analysis.standard_streams import is_sought_in, is_standard_input
from localsocket_review.analysis.transports import Transports
from localsocket_review.apis.meaning import Act, Api
from localsocket_review.apis.tables import RECEIVED
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    strip_casts,
)

_OPENING = frozenset({"open", "open64", "openat", "fileno", "creat", "mkstemp", "mkostemp"})
_PIPES = frozenset({"pipe", "pipe2"})
_DEEPEST_HELPER = 3
_NUMBER_TYPES = re.compile(r"u?int\d*(?:_t)?|qu?int\d+|s?size_t|qsizetype|unsigned.*|long.*|u?long(?:long)?|off_t")


class Receiving:
    """Knows the places where data of a peer comes in. `text` follows what a stream reads from to where that came in."""

    def __init__(
        self,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        transports: Transports,
        filling: Filling,
        given_buffers: GivenBuffers,
        origins: Origins,
        text: Callable[[Expression, FunctionInfo, Trail], Trace | None],
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._transports = transports
        self._filling = filling
        self._given_buffers = given_buffers
        self._origins = origins
        self._text = text
        self._read: dict[tuple[FunctionInfo, Call, int], tuple[tuple[Expression, FunctionInfo], ...]] = {}

    def source(self, call: Call, api: Api, function: FunctionInfo, trail: Trail) -> Trace | None:
        """Return what a call that receives gives, unless it comes over the network or out of the program's own data."""
        device = argument_of(call, api, "device")
        if device is not None and not self.reads_peer(device, function, trail):
            return None
        socket = argument_of(call, api, "descriptor") or call.receiver
        if socket is not None and self._transports.is_network(socket, function):
            return None
        return (Step(call.place, "received here"),)

    def filled_into(
        self, variable: Variable, definition: Definition, filling: Call | Binary, trail: Trail
    ) -> Trace | None:
        """Return what came to a variable that a call or a stream fills."""
        if isinstance(filling, Call):
            return self._received_into(definition, filling, variable, trail)
        return self._streamed(filling, definition.function, trail, self._is_number(variable, definition))

    def _received_into(self, definition: Definition, call: Call, variable: Variable, trail: Trail) -> Trace | None:
        if call.called_name == "recvmsg" and variable.path != definition.variable.path:
            return None  # the header is filled, and not by the peer
        if self._calls.api_of(call, definition.function) is None:
            return self._filled_by_helper(definition, call, variable)
        return self._filled(call, definition.function, self._is_number(variable, definition), trail)

    def _filled(self, call: Call, function: FunctionInfo, makes_number: bool, trail: Trail = ()) -> Trace | None:
        api = self._calls.api_of(call, function)
        if api is None:
            return None
        if api.act & Act.READ_STREAM:
            return self._read_stream(call, api, function, makes_number)
        if not api.act & Act.RECEIVE:
            return None
        descriptor = argument_of(call, api, "descriptor")
        if descriptor is not None and (
            self._is_file(descriptor, function) or self._is_file_on(trail, descriptor, function)
        ):
            return None
        socket = descriptor or call.receiver
        if socket is not None and self._transports.is_network(socket, function):
            return None
        return (Step(call.place, "received here", makes_number),)

    def _read_stream(self, call: Call, api: Api, function: FunctionInfo, makes_number: bool) -> Trace | None:
        """`fgets(line, size, stream)`, where the stream was made of a socket."""
        stream = argument_of(call, api, "stream")
        sources = [] if stream is None else [one.value for one in self._definitions.at(stream, function)]
        for source in sources:
            if isinstance(source, Call) and source.called_name == "fdopen" and source.arguments:
                descriptor = source.arguments[0]
                if not self._is_file(descriptor, function) and not self._transports.is_network(descriptor, function):
                    return (Step(call.place, "received here", makes_number),)
            if isinstance(source, Call) and source.called_name == "g_io_stream_get_input_stream":
                return (Step(call.place, "received here", makes_number),)
        return None

    def _filled_by_helper(self, definition: Definition, call: Call, variable: Variable) -> Trace | None:
        """What a function of the program receives into a variable, or into the field of it that is asked for."""
        asked = variable.path.removeprefix(definition.variable.path).lstrip(".")
        makes_number = self._is_number(variable, definition)
        for _, field, site in self._filling.by(call, definition.function):
            if (
                field
                and asked
                and not (f"{asked}.").startswith(f"{field}.")
                and not f"{field}.".startswith(f"{asked}.")
            ):
                continue
            if self._is_given_file(call, definition.function, site):
                continue
            found = self._filled(site.call, site.function, makes_number)
            if found is not None:
                return (*found, Step(call.place, f"written by {call.called_name}()"))
        return None

    def _is_number(self, variable: Variable, definition: Definition) -> bool:
        whole, _, field = variable.path.rpartition(".")
        name: Expression = Name(definition.place, whole or field)
        name = Attribute(definition.place, name, field) if whole else name
        return bool(_NUMBER_TYPES.fullmatch(self._inference.type_of(name, definition.function).removeprefix("std.")))

    def _is_given_file(self, call: Call, function: FunctionInfo, receiving: Site) -> bool:
        """Say whether a call of what receives gives it a file to read from, whatever other callers give."""
        given = list(self._given_to_read(call, function, receiving, _DEEPEST_HELPER))
        return bool(given) and all(self._is_file(one, giver) for one, giver in given)

    def _is_file_on(self, trail: Trail, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether the calls that lead here give a helper a file to read from, whatever other callers give."""
        for site, callee in reversed(trail):
            defined = self._definitions.at(descriptor, function) if callee is function else []
            names = {one.parameter.name for one in defined if one.parameter is not None}
            given = self._calls.value_given(site, callee, names.pop()) if len(names) == 1 else None
            if given is None:
                return False
            descriptor, function = given, site.caller
            if self._is_file(descriptor, function):
                return True
        return False

    def _given_to_read(
        self, call: Call, function: FunctionInfo, receiving: Site, depth: int
    ) -> Iterator[tuple[Expression, FunctionInfo]]:
        """Yield what is read from, as the call gives it: to the helper that receives, or to one that leads there."""
        for callee in self._calls.callees(call, function):
            for descriptor, reader in self._read_by(callee, receiving, depth):
                if reader is not callee:
                    yield descriptor, reader
                    continue
                defined = self._definitions.at(descriptor, callee)
                names = {one.parameter.name for one in defined if one.parameter is not None}
                given = [self._calls.value_given(CallSite(call, function), callee, name) for name in names]
                if len(given) == 1 and given[0] is not None and not self._is_file(descriptor, callee):
                    yield given[0], function
                else:
                    yield descriptor, callee

    def _read_by(
        self, helper: FunctionInfo, receiving: Site, depth: int
    ) -> tuple[tuple[Expression, FunctionInfo], ...]:
        """Return the descriptors that a helper receives from there, by its own names or by those of its helpers."""
        key = helper, receiving.call, depth
        if key not in self._read:  # kept, as the ways that lead to one helper are many where helpers call each other
            self._read[key] = tuple(dict.fromkeys(self._look_for_read(helper, receiving, depth)))
        return self._read[key]

    def _look_for_read(
        self, helper: FunctionInfo, receiving: Site, depth: int
    ) -> Iterator[tuple[Expression, FunctionInfo]]:
        descriptor = receiving.argument("descriptor")
        if helper is receiving.function and descriptor is not None:
            yield descriptor, helper
        for inner in helper.calls() if depth and helper is not receiving.function else ():
            if any(site.call is receiving.call for _, _, site in self._filling.by(inner, helper)):
                yield from self._given_to_read(inner, helper, receiving, depth - 1)

    def _is_file(self, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether a descriptor comes from opening a file or a pipe: in this function, or wherever it comes from."""
        given = [one.value for one in self._definitions.at(descriptor, function) if one.value is not None]
        if all(map(_is_number, given)):
            given += self._set_in_function(descriptor, function)
        opened = any(map(self._opens, given))
        if opened or any(map(is_standard_input, (descriptor, *given))) or is_sought_in(descriptor, function):
            return True
        if self._is_end_of_pipe(descriptor, function):
            return True
        made = self._made_by(descriptor, function)
        return bool(made) and all(
            self._is_opened_by(one) or self._is_file_given_back(one.expression, one.function) for one in made
        )

    def _is_opened_by(self, made: Origin) -> bool:
        return self._opens(made.expression) or self._is_end_of_pipe(made.expression, made.function)

    def _is_end_of_pipe(self, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether pipe() gave it: nobody connects to a pipe, and what holds its other end was started with it."""
        ends = descriptor
        while isinstance(ends, Subscript):
            ends = strip_casts(ends.value)
        filled = [one.value for one in self._definitions.at(ends, function) if one.how is How.FILLED]
        return bool(filled) and all(isinstance(one, Call) and one.called_name in _PIPES for one in filled)

    def _opens(self, made: Expression) -> bool:
        return isinstance(made, Call) and (made.called_name in _OPENING or made.called_name in self._opening_macros)

    @cached_property
    def _opening_macros(self) -> frozenset[str]:
        return self._calls.macros_around(_OPENING)

    def _set_in_function(self, descriptor: Expression, function: FunctionInfo) -> Iterator[Expression]:
        """Yield what is assigned to it in the same condition: `(fd = open(path)) < 0 || read(fd, …) < 0`."""
        variable = self._names.variable(descriptor, function)
        for target, value in function.assignments("="):
            if variable is not None and self._names.variable(target, function) == variable:
                yield value

    def _made_by(self, descriptor: Expression, function: FunctionInfo) -> list[Origin]:
        return [one for one in self._origins.of(descriptor, function) if not _is_number(one.expression)]

    def _is_file_given_back(self, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether each function that sets the descriptor sets it to a file or a pipe: `*fd = open(path, flags)`."""
        setting = [one.output for one in self._definitions.at(descriptor, function) if one.output is not None]
        made = [made for one in setting for made in self._made_by(one.value, one.function)]
        return bool(made) and all(map(self._is_opened_by, made))

    def _streamed(self, stream: Binary, function: FunctionInfo, trail: Trail, makes_number: bool) -> Trace | None:
        """`stream >> value`, where the stream reads from a socket or from what was received."""
        source: Expression = stream
        while isinstance(source, Binary) and source.operator == ">>":
            source = source.left
        if self._inference.type_of(source, function).endswith("stringstream"):
            return self._text(source, function, trail)
        if not self._inference.is_a(source, function, "QDataStream", "QTextStream"):
            return None
        if not self.reads_peer(source, function, trail):
            return None
        return (Step(stream.place, "read from the peer here", makes_number),)

    def reads_peer(self, stream: Expression, function: FunctionInfo, trail: Trail) -> bool:
        """Say whether a stream is not plainly one over a file or over data of the program's own."""
        devices = [
            argument
            for definition in self._definitions.at(stream, function)
            if isinstance(definition.value, Call)
            for argument in definition.value.arguments[:1]
        ]
        if not devices:
            return not self._inference.is_a(stream, function, "QFile", "QBuffer")
        for device in devices:
            if self._inference.is_a(device, function, "QLocalSocket", "QAbstractSocket"):
                return True
            if self._text(device, function, trail) is not None:
                return True
        known = [self._inference.type_of(device, function) for device in devices]
        return any(name in ("", "QIODevice") for name in known)

    def is_given(self, function: FunctionInfo, parameter: str) -> bool:
        """Say whether a framework calls the function with what a peer sent, for its class or for its decorator."""
        if self._inference.given_by_framework(function, parameter) == RECEIVED:
            return True
        if self._calls.types_given(function, parameter) == RECEIVED:
            return True
        return any(self._hands_over(decorator, function.enclosing or function) for decorator in function.decorators)

    def _hands_over(self, decorator: Expression, function: FunctionInfo) -> bool:
        """`@method()` of a bus, `@service.method`."""
        called = decorator.function if isinstance(decorator, Call) else decorator
        if self._names.external(called, function) in self._calls.tables.decorators:
            return True
        return isinstance(called, Attribute) and (
            f"{self._inference.type_of(called.value, function)}.{called.name}" in self._calls.tables.decorators
        )

    def is_member(self, expression: Attribute, function: FunctionInfo) -> bool:
        """Say whether this is `request.query` of what a framework hands over, or a buffer that it was given to fill."""
        return self._is_of_request(expression, function) or self._given_buffers.has(expression, function)

    def _is_of_request(self, expression: Attribute, function: FunctionInfo) -> bool:
        if expression.name not in self._calls.tables.members_received or self._transports.serves_network(function):
            return False
        owner = self._inference.type_of(expression.value, function)
        bases = self._inference.lineage(owner, function.unit)
        return any(self._calls.tables.members.get(f"{base}.{expression.name}") == RECEIVED for base in bases)


def _is_number(made: Expression) -> bool:
    """Say whether this is no descriptor: the -1 of one that is not open."""
    return isinstance(made.operand if isinstance(made, Unary) else made, Literal)
