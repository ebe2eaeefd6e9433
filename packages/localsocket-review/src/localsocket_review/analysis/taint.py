"""What a peer sent: whether an expression may hold it, and on which way it came."""

from __future__ import annotations

import re
from collections.abc import Iterable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.carried_data import (
    FOLLOWED,
    SMALL_TYPES,
    Step,
    Trace,
    Use,
    cleans,
    designated,
    gives_nothing,
    has_small_format,
    left_unquoted,
    looped_over,
    parts_of,
    results,
    tells_nothing,
)
from localsocket_review.analysis.checks import Checks
from localsocket_review.analysis.containers import Containers
from localsocket_review.analysis.definitions import Definition, Definitions, How, is_made_of_parameters
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.given_buffers import GivenBuffers
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.kernel_messages import is_of_kernel
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.outputs import Output
from localsocket_review.analysis.searching import Search, searched
from localsocket_review.analysis.sites import LONGEST_TRAIL, Trail, argument_of
from localsocket_review.analysis.small_numbers import SmallNumbers
from localsocket_review.analysis.standard_streams import is_sought_in, is_standard_input
from localsocket_review.analysis.structures_returned import structures_returned
from localsocket_review.analysis.transports import Transports
from localsocket_review.apis.meaning import Act, Api
from localsocket_review.apis.tables import RECEIVED
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Await,
    Binary,
    Call,
    Comprehension,
    Display,
    Expression,
    Name,
    Subscript,
    Unary,
    strip_casts,
)
from localsocket_review.model.unit import Language

# What says something about the data, but is not the data.
_ABOUT = frozenset(
    {
        "len",
        "isinstance",
        "bool",
        "hash",
        "type",
        "id",
        "size",
        "length",
        "count",
        "isEmpty",
        "empty",
        "isNull",
        "startswith",
        "endswith",
        "startsWith",
        "endsWith",
        "contains",
        "isdigit",
        "isalnum",
        "isidentifier",
        "bytesAvailable",
        "canReadLine",
        "sizeof",
        "strlen",
        "find",
        "indexOf",
        "any",
        "all",
        "callable",
        "repr",
        "issubclass",
        "hasattr",
        "print",
        "log",
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "fileno",
        "compare",
        "strcmp",
        "strncmp",
        "memcmp",
    }
)
# What picks one of its own things by a key: the result is the container's, whatever the key.
_PICKING = frozenset({"get", "value", "at", "find", "index", "setdefault", "__getitem__", "constFind"})
# Methods whose result holds their arguments.
_COMBINING = frozenset(
    {
        "join",
        "format",
        "arg",
        "replace",
        "joinpath",
        "filePath",
        "absoluteFilePath",
        "append",
        "prepend",
        "concat",
        "parse_args",
    }
)
_LIMITING = frozenset({"ord", "min", "qMin", "qBound", "clamp"})
# What a macro or a function, of which nothing else is known, is called that gives the smaller one.
_SMALLER = re.compile(
    r"(?:^|[a-z]*_)(?:q?min(?:imum)?|least|small(?:er|est)|lesser|clamp|cap|limit|at_?most|bounded)(?:_|$)",
    re.IGNORECASE,
)
# What finds an entry of the program's own, whatever the key: `HASH_FIND(table, key)`.
_LOOKING_UP = re.compile(r"(?:^|_)(?:find|lookup|look_up|search|locate)(?:_|$)", re.IGNORECASE)
# What a loop over it gives line by line.
_STREAMS = ("socket.SocketIO", "asyncio.StreamReader")
_NUMBER_TYPES = re.compile(r"u?int\d*(?:_t)?|qu?int\d+|s?size_t|qsizetype|unsigned.*|long.*|u?long(?:long)?|off_t")
_SIGNED_TYPES = re.compile(
    r"(?:const )?(?:signed )?(?:int|long|long long|long int|ssize_t|q?int\d+(?:_t)?|qsizetype|off_t)"
)
_KEYED = re.compile(r"map|hash|dict|set\b", re.IGNORECASE)
_DEEPEST_FIELD = 3
_LONGEST_WAY = 8


class Taint:
    """Follows what a peer sent, through variables, members, parameters and results."""

    def __init__(
        self,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        transports: Transports,
        filling: Filling,
        checks: Checks,
        containers: Containers,
        given_buffers: GivenBuffers,
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._transports = transports
        self._filling = filling
        self._checks = checks
        self._containers = containers
        self._given_buffers = given_buffers
        self._small_numbers = SmallNumbers(definitions, inference)
        self.search = Search()

    def received(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of what a peer sent to this expression, unless the program has checked it on the way."""
        return _believed(self._trace(expression, function, Use.TEXT, ()))

    def received_size(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of a number that a peer chose and no comparison bounds from above."""
        return _believed(self._trace(expression, function, Use.SIZE, ()))

    def received_path(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of a name that a peer sent and that may lead to any file."""
        return _believed(self._trace(expression, function, Use.PATH, ()))

    def received_offset(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of a number that a peer chose and that no comparisons keep inside of a range."""
        return _believed(self._trace(expression, function, Use.OFFSET, ()))

    @searched
    def _trace(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        # What nobody gives is given on no way: there are as many questions as expressions, and not as ways to them.
        if trail and self._trace(expression, function, use, ()) is None:
            return None
        return self._find(expression, function, use, trail)

    def _any(self, expressions: Iterable[Expression], function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        return next(
            (found for part in expressions if (found := self._trace(part, function, use, trail)) is not None), None
        )

    def _find(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if tells_nothing(expression, use) or is_of_kernel(expression) or self._is_bounded(expression, function, use):
            return None
        if isinstance(expression, Subscript | Call):
            taken = self._containers.at_constant(expression, function)
            if taken is not None:
                return self._any(taken, function, use, trail)
        match expression:
            case Call():
                return self._call(expression, function, use, trail)
            case Attribute(name="name" | "stem", value=value) if use is Use.PATH and self._is_path(value, function):
                return None
            case Name() | Attribute():
                # Asked last: most variables hold nothing of a peer's, and what guards one is a question of its own.
                found = self._variable(expression, function, use, trail)
                return None if found is None or self._is_checked(expression, function, use) else found
            case Binary(operator="%" | "&" as operator, left=left, right=right) if use.is_number:
                bound = self._trace(right, function, use, trail)  # what is left is smaller than that
                return bound if operator == "%" or bound is None else self._trace(left, function, use, trail)
            case Binary(operator="<<", left=value) if use.is_number:  # a small number is small no more
                return self._trace(value, function, Use.TEXT, trail)
            case Comprehension(loops=loops):
                return self._any_elements([iterable for _, iterable in loops], function, use, trail)
        return self._any(parts_of(expression), function, use, trail)

    def _is_bounded(self, expression: Expression, function: FunctionInfo, use: Use) -> bool:
        """Say whether the number, or each of several, is no larger than a buffer, a text that came, or three bytes."""
        match expression:
            case Comprehension(element=Call(called_name=name)):
                return use.is_number and name in _ABOUT
            case Binary(operator="-", right=right) if use is Use.SIZE and self._inference.is_pointer(right, function):
                return True  # between two places of a buffer
            case Binary():
                return use is Use.SIZE and self._small_numbers.has_three_bytes(expression, function)
        return False

    def _is_path(self, value: Expression, function: FunctionInfo) -> bool:
        """Say whether a value is one of pathlib's: the last part of it leads out of no directory."""
        return self._inference.is_a(value, function, "pathlib.Path", "pathlib.PurePath", "pathlib.PurePosixPath")

    def _is_checked(self, expression: Expression, function: FunctionInfo, use: Use) -> bool:
        """Say whether conditions make the variable harmless for this use."""
        if use is Use.SIZE:
            return self._checks.is_bounded(expression, function)
        if use is Use.OFFSET:
            is_signed = _SIGNED_TYPES.fullmatch(self._inference.type_of(expression, function)) is not None
            check = self._checks.is_in_range if is_signed else self._checks.is_bounded
            return check(expression, function)
        is_plain = use is Use.PATH and self._checks.is_plain_name(expression, function)
        return is_plain or self._checks.is_restricted(expression, function)

    def _any_elements(
        self, iterables: Iterable[Expression], function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        """What comes out of a loop: out of a stream its lines, out of anything else parts of it."""
        for iterable in iterables:
            if isinstance(iterable, Call) and iterable.called_name == "iter" and len(iterable.arguments) == 2:
                return self._called_again(iterable, function, use)
            inner = looped_over(iterable)
            if self._inference.is_a(inner, function, *_STREAMS):
                if not self._transports.is_network(inner, function):
                    return (Step(iterable.place, "received here"),)
                continue
            found = self._trace(inner, function, use, trail)
            if found is not None:
                return found
        return None

    def _called_again(self, iterator: Call, function: FunctionInfo, use: Use) -> Trace | None:
        """`iter(connection.recv, b"")`, `iter(lambda: connection.recv(4096), b"")`."""
        called = iterator.arguments[0]
        for callee in self._calls.functions_named_by(called, function):
            found = self._returned(callee, (), use)
            if found is not None:
                return found
        return self._trace(Call(called.place, called), function, use, ()) if isinstance(called, Attribute) else None

    # --- calls ----------------------------------------------------------------------------------------------------

    def _call(self, call: Call, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        name = call.called_name
        if name.startswith("CMSG_") and use.is_number:
            return None  # the kernel writes the sizes of control messages
        if name == "find" and self._is_keyed(call, function):
            return self._trace(call.receiver, function, use, trail) if call.receiver is not None else None
        if name == "va_arg":
            return self._variadic(function, use)
        if name in _ABOUT or (use.is_number and name in _LIMITING):
            return None
        if self._checks.is_enumeration(call, function) or cleans(call, use):
            return None
        api = self._calls.api_of(call, function)
        if api is not None and (api.act & FOLLOWED or gives_nothing(api, use)):
            return self._of_known_call(call, api, function, use, trail)
        callees = [callee for callee in self._calls.callees(call, function) if not callee.is_constructor]
        for callee in callees:
            found = self._returned(callee, self._calls.trail_into(callee, call, function, trail), use)
            if found is not None:
                return (*found, Step(call.place, f"returned by {callee.name}()"))
        if callees or (use.is_number and (_SMALLER.search(name) or _LOOKING_UP.search(name))):
            return None
        return self._passed_through(call, name, function, use, trail)

    def _of_known_call(self, call: Call, api: Api, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if api.act & Act.QUOTE:
            return self._any(left_unquoted(call, api), function, use, trail)
        if gives_nothing(api, use):
            return None
        if api.act & Act.UNPACK:
            return self._unpacked(call, api, function, use, trail)
        return self._source(call, api, function, trail) if "buffer" not in api.roles else None

    def _is_keyed(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether this finds an element by its key, and no place in a text."""
        receiver = call.receiver
        return receiver is not None and _KEYED.search(self._inference.type_of(receiver, function)) is not None

    def _variadic(self, function: FunctionInfo, use: Use) -> Trace | None:
        """`va_arg(list, char *)`: any of what callers give behind the named parameters."""
        for site in self._calls.callers(function):
            more = () if site.is_handed_on else site.call.arguments[len(function.parameters) :]
            found = self._any(more, site.caller, use, ())
            if found is not None:
                return (*found, Step(site.call.place, f"given to {function.name}() here"))
        return None

    def _passed_through(self, call: Call, name: str, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        arguments = (*call.arguments, *call.keywords.values())
        receiver = call.receiver
        if receiver is None or not self._names.is_object(receiver, function):
            return self._any(arguments, function, use, trail)
        found = self._trace(receiver, function, use, trail)
        if found is not None or name in _PICKING:
            return found
        return self._any(arguments, function, use, trail) if name in _COMBINING else None

    def _source(self, call: Call, api: Api, function: FunctionInfo, trail: Trail) -> Trace | None:
        device = argument_of(call, api, "device")
        if device is not None and not self._reads_peer(device, function, trail):
            return None
        socket = argument_of(call, api, "descriptor") or call.receiver
        if socket is not None and self._transports.is_network(socket, function):
            return None
        return (Step(call.place, "received here"),)

    def _unpacked(self, call: Call, api: Api, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if use.is_number and (api.method in ("ntohs", "be16toh", "le16toh") or has_small_format(call)):
            return None
        if api.act & Act.RECEIVE:  # a stream that reads numbers by itself
            receiver = call.receiver
            return (
                (Step(call.place, "received here", makes_number=True),)
                if receiver is not None and self._reads_peer(receiver, function, trail)
                else None
            )
        data = argument_of(call, api, "data") or call.receiver
        found = None if data is None else self._trace(data, function, Use.TEXT, trail)
        if found is None or not use.is_number:
            return None if api.method in ("int", "float") else found
        return (*found, Step(call.place, "made a number here", makes_number=True))

    def _returned(self, callee: FunctionInfo, trail: Trail, use: Use) -> Trace | None:
        if len(trail) > LONGEST_TRAIL:
            return None
        return self._any(results(callee), callee, use, trail)

    def _returning_parts(self, value: Expression, definition: Definition) -> list[FunctionInfo]:
        """Return the functions that a call runs, when each plainly returns as many values as are taken."""
        call = value.value if isinstance(value, Await) else value
        if not isinstance(call, Call) or self._calls.api_of(call, definition.function) is not None:
            return []
        callees = [callee for callee in self._calls.callees(call, definition.function) if not callee.is_constructor]
        are_plain = all(
            isinstance(one, Display) and definition.part < len(one.items)
            for callee in callees
            for one in results(callee)
        )
        return callees if are_plain else []

    def _part_returned(
        self, definition: Definition, callees: list[FunctionInfo], use: Use, trail: Trail
    ) -> Trace | None:
        """`kind, size = header(data)`: what became of the size says nothing of the kind."""
        value = definition.value
        call = value.value if isinstance(value, Await) else value
        if not isinstance(call, Call) or len(trail) >= LONGEST_TRAIL:
            return None
        for callee in callees:
            parts = [one.items[definition.part] for one in results(callee) if isinstance(one, Display)]
            inside = self._calls.trail_into(callee, call, definition.function, trail)
            found = self._any(parts, callee, use, inside)
            if found is not None:
                return (*found, Step(call.place, f"returned by {callee.name}()"))
        return None

    # --- variables ------------------------------------------------------------------------------------------------

    def _variable(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if isinstance(expression, Attribute) and (
            self._is_member_received(expression, function) or self._given_buffers.has(expression, function)
        ):
            return (Step(expression.place, "received here"),)
        variable = self._names.variable(expression, function)
        if variable is None:
            return self._trace(expression.value, function, use, trail) if isinstance(expression, Attribute) else None
        if use.is_number and SMALL_TYPES.fullmatch(self._inference.type_of(expression, function).removeprefix("std.")):
            return None
        return self._of_definitions(variable, expression, function, use, trail)

    def _is_member_received(self, expression: Attribute, function: FunctionInfo) -> bool:
        """`request.query`, where a framework hands over the request."""
        if expression.name not in self._calls.tables.members_received or self._transports.serves_network(function):
            return False
        owner = self._inference.type_of(expression.value, function)
        bases = self._inference.lineage(owner, function.unit)
        return any(self._calls.tables.members.get(f"{base}.{expression.name}") == RECEIVED for base in bases)

    def _of_definitions(
        self, variable: Variable, where: Expression, function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        for definition in self._definitions.of_variable(variable, where, function):
            if definition.function is function:
                found = self._defined(definition, variable, use, trail)
            elif trail and is_made_of_parameters(definition):
                found = self._given_by_all(definition, variable, use)
            else:
                found = self._defined(definition, variable, use, ())
            if found is None and definition.how is How.VALUE and definition.function is function:
                found = self._behind(definition, variable, where, function, use, trail)
            if found is not None and not self._is_checked_since(definition, variable, where, function, use):
                return found
        return None

    def _is_checked_since(
        self, definition: Definition, variable: Variable, where: Expression, function: FunctionInfo, use: Use
    ) -> bool:
        """Say whether conditions make what a definition gave harmless on each way: `if (size > most) size = most;`."""
        if definition.function is not function or definition.how in (How.ADDED, How.EXTENDED):
            return False
        check = {Use.SIZE: self._checks.bounds_since, Use.OFFSET: self._checks.keeps_in_range_since}.get(
            use, self._checks.restricts_since
        )
        is_plain = use is Use.PATH and self._checks.keeps_inside_since(definition, variable, where)
        return is_plain or check(definition, variable, where)

    def _behind(
        self,
        definition: Definition,
        pointer: Variable,
        where: Expression,
        function: FunctionInfo,
        use: Use,
        trail: Trail,
    ) -> Trace | None:
        """A C pointer shows what its buffer holds where the pointer is used, not where it was made to point there."""
        value = definition.value
        if not isinstance(strip_casts(value or where), (Name, Attribute)) or value is None:
            return None
        if function.unit.language is not Language.CPP:
            return None
        buffer = self._names.variable(value, function)
        is_address = isinstance(value, Unary) and value.operator == "&"
        is_buffer = is_address or any(
            isinstance(one.value, Call) and one.value.called_name in ("[]", "malloc", "calloc")
            for one in (self._definitions.at(strip_casts(value), function) if buffer is not None else ())
        )
        if buffer is None or buffer == pointer or not is_buffer:
            return None
        return self._read_at(buffer, where, function, use, trail)

    @searched
    def _read_at(
        self, variable: Variable, where: Expression, function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        """Trace what another variable than the one that is named holds there: a buffer, a field of what was given."""
        if trail and self._read_at(variable, where, function, use, ()) is None:
            return None
        return self._of_definitions(variable, where, function, use, trail)

    def _given_by_all(self, definition: Definition, variable: Variable, use: Use) -> Trace | None:
        """What one object was given is not in another one: it is in this one when every caller gives such data."""
        giver, found = definition.function, None
        if not self._calls.callers(giver):
            return self._defined(definition, variable, use, ())
        for site in self._calls.callers(giver):
            found = self._defined(definition, variable, use, ((site, giver),))
            if found is None:
                break
        return found

    def _defined(self, definition: Definition, variable: Variable, use: Use, trail: Trail) -> Trace | None:
        value, function = definition.value, definition.function
        if definition.how is How.PARAMETER:
            return self._parameter(definition, variable, use, trail)
        if definition.how is How.FILLED and isinstance(value, Call):
            return self._received_into(definition, value, variable)
        if definition.how is How.FILLED and isinstance(value, Binary):
            return self._streamed(value, function, trail, self._is_number(variable, definition))
        if value is None:
            return None
        if isinstance(value, Display) and (field := variable.path.removeprefix(f"{definition.variable.path}.")):
            named = designated(value, field)
            if named is not None and field != variable.path:
                return self._any(named, function, use, trail)
        if definition.output is not None and isinstance(value, Call):
            return self._given_back(definition.output, value, function, use, trail)
        if definition.how is How.ELEMENT:
            return self._any_elements([value], function, use, trail)
        if definition.how is How.PART and (callees := self._returning_parts(value, definition)):
            return self._part_returned(definition, callees, use, trail)
        found = self._of_value(definition, value, variable, use, trail)
        if found is not None or definition.how is not How.EXTENDED:
            return found
        return self._before(definition, variable, use, trail)

    def _of_value(
        self, definition: Definition, value: Expression, variable: Variable, use: Use, trail: Trail
    ) -> Trace | None:
        """Trace a value, or the field of it that is asked for, where a function of C gives a structure."""
        asked = variable.path.removeprefix(definition.variable.path).lstrip(".")
        structures = structures_returned(value, definition.function, self._calls) if asked else []
        if structures and definition.how is How.VALUE:
            return self._field_returned(structures, asked, definition, use, trail)
        return self._trace(value, definition.function, use, trail)

    def _field_returned(
        self, structures: list[tuple[Name, FunctionInfo]], field: str, definition: Definition, use: Use, trail: Trail
    ) -> Trace | None:
        """`session = make(); session->size`: what became of its other fields says nothing of the size."""
        value = strip_casts(definition.value) if definition.value is not None else None
        if not isinstance(value, Call) or len(trail) >= LONGEST_TRAIL:
            return None
        for name, callee in structures:
            inside = self._calls.trail_into(callee, value, definition.function, trail)
            whole = self._names.variable(name, callee)
            if whole is None or field.count(".") >= _DEEPEST_FIELD:
                found = self._trace(name, callee, use, inside)
            else:
                found = self._read_at(Variable(whole.owner, f"{whole.path}.{field}"), name, callee, use, inside)
            if found is not None:
                return (*found, Step(value.place, f"returned by {callee.name}()"))
        return None

    @searched
    def _before(self, definition: Definition, variable: Variable, use: Use, trail: Trail) -> Trace | None:
        """Trace what was in the variable before more was joined to it."""
        value, function = definition.value, definition.function
        before = self._definitions.of_variable(variable, value, function) if value is not None else ()
        traces = (self._defined(one, variable, use, trail if one.function is function else ()) for one in before)
        return next((trace for trace in traces if trace is not None), None)

    def _given_back(self, output: Output, call: Call, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        """What a function of the program sets in a variable that it was given by its address."""
        if len(trail) >= LONGEST_TRAIL:
            return None
        inside = self._calls.trail_into(output.function, call, function, trail)
        found = self._trace(output.value, output.function, use, inside)
        return None if found is None else (*found, Step(call.place, f"set by {output.function.name}()"))

    def _is_number(self, variable: Variable, definition: Definition) -> bool:
        whole, _, field = variable.path.rpartition(".")
        name: Expression = Name(definition.place, whole or field)
        name = Attribute(definition.place, name, field) if whole else name
        return bool(_NUMBER_TYPES.fullmatch(self._inference.type_of(name, definition.function).removeprefix("std.")))

    def _received_into(self, definition: Definition, call: Call, variable: Variable) -> Trace | None:
        if call.called_name == "recvmsg" and variable.path != definition.variable.path:
            return None  # the header is filled, and not by the peer
        if self._calls.api_of(call, definition.function) is None:
            return self._filled_by_helper(definition, call, variable)
        return self._filled(call, definition.function, self._is_number(variable, definition))

    def _filled(self, call: Call, function: FunctionInfo, makes_number: bool) -> Trace | None:
        api = self._calls.api_of(call, function)
        if api is None:
            return None
        if api.act & Act.READ_STREAM:
            return self._read_stream(call, api, function, makes_number)
        if not api.act & Act.RECEIVE:
            return None
        descriptor = argument_of(call, api, "descriptor")
        if descriptor is not None and self._is_file(descriptor, function):
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
            found = self._filled(site.call, site.function, makes_number)
            if found is not None:
                return (*found, Step(call.place, f"written by {call.called_name}()"))
        return None

    def _is_file(self, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether a descriptor comes from opening a file, as far as this function tells."""
        sources = [one.value for one in self._definitions.at(descriptor, function) if isinstance(one.value, Call)]
        opened = [
            source
            for source in sources
            if isinstance(source, Call) and source.called_name in ("open", "openat", "fileno")
        ]
        given = [one.value for one in self._definitions.at(descriptor, function) if one.value is not None]
        return bool(opened) or any(map(is_standard_input, (descriptor, *given))) or is_sought_in(descriptor, function)

    def _streamed(self, stream: Binary, function: FunctionInfo, trail: Trail, makes_number: bool) -> Trace | None:
        """`stream >> value`, where the stream reads from a socket or from what was received."""
        source: Expression = stream
        while isinstance(source, Binary) and source.operator == ">>":
            source = source.left
        if self._inference.type_of(source, function).endswith("stringstream"):
            return self._trace(source, function, Use.TEXT, trail)
        if not self._inference.is_a(source, function, "QDataStream", "QTextStream"):
            return None
        if not self._reads_peer(source, function, trail):
            return None
        return (Step(stream.place, "read from the peer here", makes_number),)

    def _reads_peer(self, stream: Expression, function: FunctionInfo, trail: Trail) -> bool:
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
            if self._trace(device, function, Use.TEXT, trail) is not None:
                return True
        known = [self._inference.type_of(device, function) for device in devices]
        return any(name in ("", "QIODevice") for name in known)

    def _parameter(self, definition: Definition, variable: Variable, use: Use, trail: Trail) -> Trace | None:
        function, parameter = definition.function, definition.parameter
        if parameter is None:
            return None
        field = variable.path.removeprefix(parameter.name).removeprefix(".")
        if self._is_received(function, parameter.name):
            if self._transports.serves_network(function):
                return None
            return (Step(parameter.place, "received here"),)
        if trail and trail[-1][1] is function:
            site = trail[-1][0]
            value = self._calls.value_given(site, function, parameter.name)
            return None if value is None else self._given(value, field, function, site.caller, use, trail[:-1])
        for value, caller in self._calls.values_given(function, parameter.name):
            found = self._given(value, field, function, caller, use, ())
            if found is not None:
                return (*found, Step(value.place, f"given to {function.name or 'a function'}() here"))
        return None

    def _is_received(self, function: FunctionInfo, parameter: str) -> bool:
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

    def _given(
        self, value: Expression, field: str, function: FunctionInfo, caller: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        """Trace what a caller gives for a parameter of the function, or the field of it that is read there."""
        whole = strip_casts(value.operand if isinstance(value, Unary) and value.operator == "&" else value)
        variable = self._names.variable(whole, caller) if field and isinstance(whole, (Name, Attribute)) else None
        if variable is None:
            return self._trace(value, caller, use, trail)
        inside = Variable(variable.owner, f"{variable.path}.{field}")
        # In a circle of calls, each of which gives a field of what it was given, there is no end of fields of fields.
        is_endless = "." in variable.path and self._calls.are_in_a_circle(function, caller)
        if is_endless or inside.path.count(".") > _DEEPEST_FIELD:
            return self._trace(value, caller, use, trail)
        return self._read_at(inside, whole, caller, use, trail)


def _believed(trace: Trace | None) -> Trace | None:
    """Drop what came on a very long way: on each step something else may have been meant, and most such are wrong."""
    return trace if trace is None or len(trace) <= _LONGEST_WAY else None
