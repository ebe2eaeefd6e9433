"""What a peer sent: whether an expression may hold it, and on which way it came. Variables: `variable_traces.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.carried_data import (
    FOLLOWED,
    SIGNED_TYPES,
    Step,
    Trace,
    Use,
    cleans,
    formatted,
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
from localsocket_review.analysis.definitions import Definitions
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.given_buffers import GivenBuffers
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.kernel_messages import is_of_kernel
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.receiving import Receiving
from localsocket_review.analysis.searching import Search, searched
from localsocket_review.analysis.sites import LONGEST_TRAIL, Trail, argument_of
from localsocket_review.analysis.small_numbers import SmallNumbers
from localsocket_review.analysis.transports import Transports
from localsocket_review.analysis.variable_traces import VariableTraces
from localsocket_review.apis.meaning import Act, Api
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Expression,
    Literal,
    Name,
    Subscript,
)

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
# What a macro for the number of an array's elements is called: the array's size says nothing of what is in it.
_COUNTING = re.compile(
    r"_?(?:\w+_)?(?:n_?elem(?:ent)?s?|count_?of|length_?of|elements_?of|array_?(?:size|len(?:gth)?|count|elem(?:ent)?s)"
    r"|num_?(?:of_?)?elem(?:ent)?s?|dim_?of)",
    re.IGNORECASE,
)
# What finds an entry of the program's own, whatever the key: `HASH_FIND(table, key)`.
_LOOKING_UP = re.compile(r"(?:^|_)(?:find|lookup|look_up|search|locate)(?:_|$)", re.IGNORECASE)
# What a loop over it gives line by line.
_STREAMS = ("socket.SocketIO", "asyncio.StreamReader")
_KEYED = re.compile(r"map|hash|dict|set\b", re.IGNORECASE)
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
        origins: Origins,
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._transports = transports
        self._checks = checks
        self._containers = containers
        self._small_numbers = SmallNumbers(definitions, inference)
        self.search = Search()
        self._receiving = Receiving(
            names, inference, calls, definitions, transports, filling, given_buffers, origins, self._text
        )
        self._variables = VariableTraces(
            names, inference, calls, definitions, transports, checks, self._receiving, self
        )

    def received(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of what a peer sent to this expression, unless the program has checked it on the way."""
        return _believed(self.trace(expression, function, Use.TEXT, ()))

    def received_size(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of a number that a peer chose and no comparison bounds from above."""
        return _believed(self.trace(expression, function, Use.SIZE, ()))

    def received_path(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of a name that a peer sent and that may lead to any file."""
        return _believed(self.trace(expression, function, Use.PATH, ()))

    def received_offset(self, expression: Expression, function: FunctionInfo) -> Trace | None:
        """Return the way of a number that a peer chose and that no comparisons keep inside of a range."""
        return _believed(self.trace(expression, function, Use.OFFSET, ()))

    @searched
    def trace(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        """Return the way to an expression in a function that was come to by a trail."""
        # What nobody gives is given on no way: there are as many questions as expressions, and not as ways to them.
        if trail and self.trace(expression, function, use, ()) is None:
            return None
        return self._find(expression, function, use, trail)

    def _text(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Trace | None:
        return self.trace(expression, function, Use.TEXT, trail)

    def any_of(self, expressions: Iterable[Expression], function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        return next(
            (found for part in expressions if (found := self.trace(part, function, use, trail)) is not None), None
        )

    def _find(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if tells_nothing(expression, use) or is_of_kernel(expression) or self._is_bounded(expression, function, use):
            return None
        if isinstance(expression, Subscript | Call):
            taken = self._containers.at_constant(expression, function)
            if taken is not None:
                return self.any_of(taken, function, use, trail)
        match expression:
            case Call():
                return self._call(expression, function, use, trail)
            case Attribute(name="name" | "stem", value=value) if use is Use.PATH and self._is_path(value, function):
                return None
            case Name() | Attribute():
                # Asked last: most variables hold nothing of a peer's, and what guards one is a question of its own.
                found = self._variables.of(expression, function, use, trail)
                return None if found is None or self._is_checked(expression, function, use) else found
            case Binary(operator="%" | "&" as operator, left=left, right=right) if use.is_number:
                bound = self.trace(right, function, use, trail)  # what is left is smaller than that
                return bound if operator == "%" or bound is None else self.trace(left, function, use, trail)
            case Binary(operator="<<", left=value) if use.is_number:  # a small number is small no more
                if use is Use.OFFSET and _stays_in_a_byte(expression):
                    return None
                return self.trace(value, function, Use.TEXT, trail)
            case Comprehension(loops=loops):
                return self.elements([iterable for _, iterable in loops], function, use, trail)
        return self.any_of(parts_of(expression), function, use, trail)

    def _is_bounded(self, expression: Expression, function: FunctionInfo, use: Use) -> bool:
        """Say whether the number, or each of several, is no larger than a buffer, a text that came, or three bytes."""
        match expression:
            case Comprehension(element=Call(called_name=name)):
                return use.is_number and name in _ABOUT
            case Binary(operator="-", right=right) if use.is_number and self._inference.is_pointer(right, function):
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
            is_signed = SIGNED_TYPES.fullmatch(self._inference.type_of(expression, function)) is not None
            check = self._checks.is_in_range if is_signed else self._checks.is_bounded
            return check(expression, function)
        is_plain = use is Use.PATH and self._checks.is_plain_name(expression, function)
        return is_plain or self._checks.is_restricted(expression, function)

    def elements(self, iterables: Iterable[Expression], function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        """What comes out of a loop: out of a stream its lines, out of anything else parts of it."""
        for iterable in iterables:
            if isinstance(iterable, Call) and iterable.called_name == "iter" and len(iterable.arguments) == 2:
                return self._called_again(iterable, function, use)
            inner = looped_over(iterable)
            if self._inference.is_a(inner, function, *_STREAMS):
                if not self._transports.is_network(inner, function):
                    return (Step(iterable.place, "received here"),)
                continue
            found = self.trace(inner, function, use, trail)
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
        return self.trace(Call(called.place, called), function, use, ()) if isinstance(called, Attribute) else None

    def _call(self, call: Call, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        name = call.called_name
        if name.startswith("CMSG_") and use.is_number:
            return None  # the kernel writes the sizes of control messages
        if name == "find" and self._is_keyed(call, function):
            return self.trace(call.receiver, function, use, trail) if call.receiver is not None else None
        if name == "va_arg":
            return self._variadic(function, use)
        if name in _ABOUT or name.lower().endswith("strlen") or (use.is_number and name in _LIMITING):
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
        if callees or (use.is_number and _gives_own_number(name)):
            return None
        return self._passed_through(call, name, function, use, trail)

    def _of_known_call(self, call: Call, api: Api, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if api.act & Act.QUOTE:
            return self.any_of(left_unquoted(call, api), function, use, trail)
        if gives_nothing(api, use):
            return None
        if api.act & Act.UNPACK:
            return self._unpacked(call, api, function, use, trail)
        return self._receiving.source(call, api, function, trail) if "buffer" not in api.roles else None

    def _is_keyed(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether this finds an element by its key, and no place in a text."""
        receiver = call.receiver
        return receiver is not None and _KEYED.search(self._inference.type_of(receiver, function)) is not None

    def _variadic(self, function: FunctionInfo, use: Use) -> Trace | None:
        """`va_arg(list, char *)`: any of what callers give behind the named parameters."""
        for site in self._calls.callers(function):
            more = () if site.is_handed_on else site.call.arguments[len(function.parameters) :]
            found = self.any_of(more, site.caller, use, ())
            if found is not None:
                return (*found, Step(site.call.place, f"given to {function.name}() here"))
        return None

    def _passed_through(self, call: Call, name: str, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        arguments = (*formatted(call, use), *call.keywords.values())
        receiver = call.receiver
        if receiver is None or not self._names.is_object(receiver, function):
            return self.any_of(arguments, function, use, trail)
        found = self.trace(receiver, function, use, trail)
        if found is not None or name in _PICKING:
            return found
        return self.any_of(arguments, function, use, trail) if name in _COMBINING else None

    def _unpacked(self, call: Call, api: Api, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        if use.is_number and (api.method in ("ntohs", "be16toh", "le16toh") or has_small_format(call)):
            return None
        if api.act & Act.RECEIVE:  # a stream that reads numbers by itself
            receiver = call.receiver
            return (
                (Step(call.place, "received here", makes_number=True),)
                if receiver is not None and self._receiving.reads_peer(receiver, function, trail)
                else None
            )
        data = argument_of(call, api, "data") or call.receiver
        found = None if data is None else self.trace(data, function, Use.TEXT, trail)
        if found is None or not use.is_number:
            return None if api.method in ("int", "float") else found
        return (*found, Step(call.place, "made a number here", makes_number=True))

    def _returned(self, callee: FunctionInfo, trail: Trail, use: Use) -> Trace | None:
        if len(trail) > LONGEST_TRAIL:
            return None
        return self.any_of(results(callee), callee, use, trail)


def _gives_own_number(name: str) -> bool:
    """Say whether a macro or a function, of which the name alone is known, gives no number that it was given."""
    return bool(_SMALLER.search(name) or _LOOKING_UP.search(name) or _COUNTING.fullmatch(name))


def _stays_in_a_byte(shifted: Binary) -> bool:
    """Say whether the program says which bits there are, and none is beyond the first eight: `(byte & 3) << 4`."""
    match shifted:
        case Binary(left=Binary(operator="&", right=Literal(value=int(mask))), right=Literal(value=int(by))):
            return 0 <= by < 8 and 0 <= mask << by <= 0xFF
    return False


def _believed(trace: Trace | None) -> Trace | None:
    """Drop what came on a very long way: on each step something else may have been meant, and most such are wrong."""
    return trace if trace is None or len(trace) <= _LONGEST_WAY else None
