"""Which calls read from a stream, whose bytes come in pieces of any size, and which from something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.definitions import Definitions
from localsocket_review.analysis.descriptor_kinds import DescriptorKinds, keeps_messages
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.origins import Origin, Origins
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.standard_streams import is_sought_in, is_standard_input
from localsocket_review.analysis.transports import Transports
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Evaluate
from localsocket_review.model.unit import Language, Unit

_OF_MESSAGES = re.compile(r"datagram|dgram|udp|seqpacket", re.IGNORECASE)
_OWN_ENDS = frozenset({"socketpair", "pipe", "pipe2", "eventfd"})
_NUMBERS = frozenset({"fileno", "detach"})  # what gives the descriptor of an object
_FROM_SERVER = frozenset({"accept", "accept4", "sock_accept", "dup"})
_COUNTERS = frozenset({"timerfd_create", "eventfd"})
_COUNTS = frozenset({"uint64_t", "eventfd_t", "unsigned long long", "unsigned long long int", "quint64"})


class Streams:
    """Tells streams from what keeps messages apart, from files, counters and the network."""

    def __init__(
        self,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        origins: Origins,
        transports: Transports,
        kinds: DescriptorKinds,
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._origins = origins
        self._transports = transports
        self._kinds = kinds
        self._of_messages: dict[Unit, bool] = {}

    def reads(self, acts: Act, function: FunctionInfo | None = None) -> Iterator[Site]:
        """Yield the calls that receive from a stream, which does not keep messages apart and is none of a network."""
        yield from (site for site in self._calls.sites(acts, function) if self.is_stream(site))

    def is_stream(self, site: Site) -> bool:
        socket = site.socket
        if self._transports.is_network_site(site):
            return False
        if site.api.name == "asyncio.StreamReader.read" and _reads_to_the_end(site.call):
            return False
        if self.is_of_messages(site.function):
            return False
        if socket is None:
            return True
        if is_sought_in(socket, site.function) or self.reads_counter(site):
            return False
        made = list(self._made(socket, site.function))
        if any(is_standard_input(one) for one in (socket, *(origin.expression for origin in made))):
            return False
        if not any(isinstance(one.expression, Call) for one in made) and self._makes_messages_alone(site.function.unit):
            return False
        return not any(keeps_messages(one.expression) for one in made) and not self._kinds.is_no_stream(
            socket, site.function
        )

    def is_socket(self, site: Site) -> bool:
        """Say whether nothing tells that it is a terminal, a pipe or a device that the call reads from."""
        is_c = site.function.unit.language is Language.CPP
        return not (is_c and site.socket is not None and self._kinds.is_no_socket(site.socket, site.function))

    def reads_counter(self, site: Site) -> bool:
        """Say whether it is a timer or an event counter that is read, which gives its eight bytes or fails."""
        buffer = site.argument("buffer")
        if site.function.unit.language is not Language.CPP or not isinstance(buffer, Unary) or buffer.operator != "&":
            return False
        kind = self._inference.type_of(buffer.operand, site.function).removeprefix("std.")
        return kind in _COUNTS and not _COUNTERS.isdisjoint(site.function.unit.identifiers)

    def _makes_messages_alone(self, unit: Unit) -> bool:
        """Say whether all sockets that a C file makes keep messages apart, so those that it is given do too."""
        if unit not in self._of_messages:
            made = [
                site.call
                for function in (unit.every_function() if unit.language is Language.CPP else ())
                for site in self._calls.sites(Act.CONSTRUCT, function)
                if site.api.name == "socket"
            ]
            self._of_messages[unit] = bool(made) and all(map(keeps_messages, made))
        return self._of_messages[unit]

    def is_of_messages(self, function: FunctionInfo) -> bool:
        """Say whether the function, or its class, by its name speaks in datagrams."""
        names = (function.name, function.owner.name if function.owner is not None else "")
        return any(map(_OF_MESSAGES.search, names))

    def is_own_pair(self, site: Site) -> bool:
        """Say whether both ends are the program's own, as those of socketpair() that wake a loop."""
        socket = site.socket
        if socket is None:
            return False
        variable = self._names.variable(socket, site.function)
        filled = [one.value for one in self._definitions.everywhere(variable)] if variable is not None else []
        made = [*filled, *(origin.expression for origin in self._origins.of(socket, site.function))]
        return any(isinstance(one, Call) and one.called_name in _OWN_ENDS for one in made)

    def is_dropped(self, site: Site, buffer: Expression | None) -> bool:
        """Say whether nobody looks at what a call gives in its buffer: it only empties what has woken somebody."""
        if buffer is None:
            return any(isinstance(one, Evaluate) and one.value is site.call for one in site.function.statements())
        buffer = strip_casts(buffer)
        if isinstance(buffer, Call | Display):
            return True  # `&(char[64]){0}`, which has no name
        variable = self._names.variable(buffer, site.function)
        if variable is None or variable.owner is not site.function or not _is_declared(variable, site.function):
            return False
        inside = set(walk(site.call))
        inside |= {one.target for one in site.function.statements() if isinstance(one, Assign) and one.type}
        return not any(
            self._names.variable(part, site.function) == variable
            for part in site.function.expressions()
            if isinstance(part, Name | Attribute) and part not in inside
        )

    def _made(self, socket: Expression, function: FunctionInfo) -> Iterator[Origin]:
        """Yield the calls that make the socket; what a server accepts is as the server is, and a descriptor too."""
        for origin in self._origins.of(socket, function):
            made = origin.expression
            if isinstance(made, Call) and made.called_name in _NUMBERS and made.receiver is not None:
                yield from self._made(made.receiver, origin.function)
            elif isinstance(made, Call) and made.called_name in _FROM_SERVER:
                server = made.receiver
                if server is None or made.called_name == "sock_accept":
                    server = made.arguments[0] if made.arguments else None
                if server is not None and server is not socket:
                    yield from self._origins.of(server, origin.function)
            else:
                yield origin


def _is_declared(variable: Variable, function: FunctionInfo) -> bool:
    """Say whether the function itself declares the variable, and was not given it."""
    return variable.path not in {parameter.name for parameter in function.parameters}


def _reads_to_the_end(call: Call) -> bool:
    sizes = [*call.arguments, *call.keywords.values()]
    match sizes[:1]:
        case []:
            return True
        case [Unary(operator="-") | Literal(value=None)]:
            return True
    return False
