"""Which sockets provably reach over a network, and so are none of a review of local sockets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.origins import Origin, Origins
from localsocket_review.analysis.sites import Site, argument_of
from localsocket_review.analysis.texts import Text
from localsocket_review.analysis.values import Values
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    This,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.program import Program, last_word
from localsocket_review.model.unit import Language

_TYPES = frozenset({"QAbstractSocket", "QTcpServer", "http.client.HTTPResponse", "ftplib.FTP", "smtplib.SMTP"})
_FAMILY = re.compile(r"[AP]F_(?!UNIX$|LOCAL$|UNSPEC$)[A-Z0-9_]+|ai_family")  # getaddrinfo knows no local sockets
_ADDRESS = re.compile(r"sockaddr_(?:in6?|dl|ll|nl|vm|can|hci|rc|l2|x25|tipc|qrtr|iucv)")
_ALWAYS = frozenset(
    {
        "socket.create_connection",
        "asyncio.open_connection",
        "asyncio.start_server",
        "urllib.request.urlopen",
        "http.client.HTTPConnection",
        "http.client.HTTPSConnection",
    }
)
# What gives a socket of the same kind as that it is asked of.
_HANDING_ON = frozenset(
    {"accept", "accept4", "makefile", "dup", "nextPendingConnection", "wrap_socket", "get_extra_info"}
    | {"fileno", "detach"}
)
_NETWORK_SERVERS = ("TCPServer", "HTTPServer", "UDPServer", "create_server", "create_connection", "start_server")
_LOCAL_SERVERS = ("Unix", "create_unix_server", "create_unix_connection")
# Names that a file uses which serves a framework's protocols over a network, or at a local socket.
_NETWORK_NAMES = frozenset(
    {"listenTCP", "listenSSL", "listenUDP", "TCP4ServerEndpoint", "TCP6ServerEndpoint", "create_tcp_listener"}
    | {"serve_tcp", "open_tcp_listeners", "TCPSite", "AF_INET", "AF_INET6"}
)
_LOCAL_NAMES = frozenset(
    {"listenUNIX", "UNIXServerEndpoint", "create_unix_listener", "UnixSite", "AF_UNIX", "serve_listeners"}
)
_LOOPBACK = ("localhost", "127.", "::1")


class Transports:
    """Tells apart, as far as the text does. What cannot be told is taken for local."""

    def __init__(
        self,
        program: Program,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        origins: Origins,
        values: Values,
    ) -> None:
        self._program = program
        self._names = names
        self._inference = inference
        self._calls = calls
        self._origins = origins
        self._values = values
        self.inquiry = Inquiry()

    @memo(at_itself=lambda *_: False)
    def is_network(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a socket, server, connection or stream provably is one over a network."""
        return self._find(expression, function)

    def is_network_site(self, site: Site) -> bool:
        """Say whether a call binds, connects, reads or writes over a network."""
        socket = site.argument("descriptor") or site.call.receiver
        if socket is None and site.call.arguments:
            socket = site.call.arguments[0]
        if self._is_network_call(site.call, site.function) or self._is_given_network_address(site):
            return True
        return socket is not None and self.is_network(socket, site.function)

    def _is_given_network_address(self, site: Site) -> bool:
        """Say whether a C call binds or connects to an address of a network, or of one of several kinds of them."""
        address = site.argument("endpoint") if site.function.unit.language is Language.CPP else None
        if address is None or not site.api.act & (Act.BIND | Act.CONNECT):
            return False
        address = strip_casts(address)
        target = address.operand if isinstance(address, Unary) and address.operator == "&" else address
        kind = last_word(self._inference.type_of(target, site.function))
        known = self._program.class_named(kind, site.function.unit) if kind else None
        kinds = {last_word(one.type.removeprefix("struct ")) for one in known.members.values()} if known else {kind}
        return any(map(_ADDRESS.fullmatch, kinds)) and kinds <= {"sockaddr", *filter(_ADDRESS.fullmatch, kinds)}

    def is_address_of_network(self, address: Expression, function: FunctionInfo) -> bool:
        """Say whether an address is a host that is not this one, and a port."""
        origins = self._origins.of(address, function)
        return bool(origins) and all(self._is_remote_address(origin) for origin in origins)

    def _is_remote_address(self, origin: Origin) -> bool:
        value = strip_casts(origin.expression)
        if not isinstance(value, Display) or len(value.items) < 2:
            return False
        hosts = self._values.texts(value.items[0], origin.function)
        return not any(_is_loopback(text) for text in hosts)

    def _find(self, expression: Expression, function: FunctionInfo) -> bool:
        if self._inference.is_a(expression, function, *_TYPES):
            return True
        if self._has_network_endpoints(expression, function) or self._is_member_of_handler(expression, function):
            return True
        origins = [one for one in self._origins.of(expression, function) if not isinstance(one.expression, Literal)]
        return bool(origins) and all(self._is_network_origin(origin) for origin in origins)

    def _is_member_of_handler(self, expression: Expression, function: FunctionInfo) -> bool:
        """`self.rfile` of a request handler, also where the files given define it."""
        match expression:
            case Attribute(value=This(), name="rfile" | "request" | "connection") if function.owner is not None:
                return self._serves_network(function.owner)
        return False

    def _is_network_origin(self, origin: Origin) -> bool:
        value = origin.expression
        if origin.parameter is not None:
            return self._is_given_by_network(origin.function, origin.parameter.name)
        if isinstance(value, Call):
            return self._is_network_call(value, origin.function)
        if isinstance(value, Attribute) and isinstance(value.value, This) and origin.function.owner is not None:
            return self._serves_network(origin.function.owner)
        return False

    def _is_network_call(self, call: Call, function: FunctionInfo) -> bool:
        for name in self._names.external_candidates(call.function, function):
            if name in ("socket.socket", "socket") and self._is_making(call, function):
                return self._has_network_family(call, function)
            if name in _ALWAYS:
                return "sock" not in call.keywords
            if name == "socket.create_server":
                return "family" not in call.keywords or self._has_network_family(call, function)
            if last_word(name) in ("TCPServer", "ThreadingTCPServer", "HTTPServer", "ThreadingHTTPServer", "UDPServer"):
                return True
        if call.called_name in _HANDING_ON:
            source = call.receiver
            if source is None or self._names.external(source, function) in ("ssl", "std"):
                source = call.arguments[0] if call.arguments else None
            return source is not None and self.is_network(source, function)
        return False

    def _is_making(self, call: Call, function: FunctionInfo) -> bool:
        site = self._calls.site(call, function)
        return site is not None and bool(site.api.act & Act.CONSTRUCT)

    def _has_network_family(self, call: Call, function: FunctionInfo) -> bool:
        family = call.keywords.get("family", call.arguments[0] if call.arguments else None)
        if family is None:
            return "fileno" not in call.keywords  # Python's default is AF_INET
        origins = self._origins.of(family, function)
        named = {last_word(_name_of(origin, self._names)) for origin in origins}
        return bool(named) and all(_FAMILY.fullmatch(name) for name in named)

    # --- who calls --------------------------------------------------------------------------------------------------

    def _is_given_by_network(self, function: FunctionInfo, parameter: str) -> bool:
        """Say whether a framework calls the function with a connection over a network, and nobody else calls it."""
        if function.owner is not None and self._inference.given_by_framework(function, parameter):
            return self._serves_network(function.owner)
        callers = self._calls.callers(function)
        return bool(callers) and all(
            site.is_handed_on and self._is_network_call(site.call, site.caller) for site in callers
        )

    def serves_network(self, function: FunctionInfo) -> bool:
        """Say whether a framework calls the method for connections over a network alone."""
        names = function.unit.identifiers
        if not _NETWORK_NAMES.isdisjoint(names) and _LOCAL_NAMES.isdisjoint(names):
            return True
        return function.owner is not None and self._serves_network(function.owner)

    @memo(at_itself=lambda *_: False)
    def _serves_network(self, handler: ClassInfo) -> bool:
        """Say whether a handler's class is given to network servers, and to no local one."""
        if "bind_unix_socket" in handler.unit.identifiers:
            return False  # Tornado's servers, which have the names of others, at a local socket
        lineage = self._inference.class_lineage(handler)
        if "http.server.BaseHTTPRequestHandler" in lineage or "BaseHTTPRequestHandler" in lineage:
            return not any(name.startswith("Unix") for name in self._serving(handler))
        names = [name for name in self._serving(handler) if _is_server(name)] or list(self._servers_beside(handler))
        if any(name.startswith(local) or local in name for name in names for local in _LOCAL_SERVERS):
            return False
        return bool(names) and all(any(name.endswith(server) for server in _NETWORK_SERVERS) for name in names)

    def _servers_beside(self, handler: ClassInfo) -> Iterator[str]:
        """Yield the bases of the servers in the handler's file, one of which is given it by some way or other."""
        for found in self._program.classes:
            if found.unit is handler.unit:
                bases = [last_word(name) for name in self._inference.class_lineage(found)[1:]]
                yield from [name for name in bases if _is_server(name)][:1]

    def _serving(self, handler: ClassInfo) -> Iterator[str]:
        mentioning = (unit for unit in self._program.units if handler.name in unit.identifiers)
        for function in (one for unit in mentioning for one in unit.every_function()):
            for call in function.calls():
                for argument in call.arguments:
                    if isinstance(argument, Name) and argument.identifier == handler.name:
                        yield self._base_of(call, function)
                        continue
                    for made in self._calls.functions_named_by(argument, function):
                        if made.name == "" and any(one.called_name == handler.name for one in made.calls()):
                            yield self._base_of(call, function)

    def _base_of(self, call: Call, function: FunctionInfo) -> str:
        """Return what is called by the name that the frameworks know: a program's own server by its base."""
        known = self._program.class_named(call.called_name, function.unit)
        if known is None:
            return call.called_name
        lineage = [last_word(name) for name in self._inference.class_lineage(known)[1:]]
        unix = next((name for name in lineage if "Unix" in name), "")
        return unix or next((name for name in lineage if name.endswith(_NETWORK_SERVERS)), call.called_name)

    # --- endpoints --------------------------------------------------------------------------------------------------

    def _has_network_endpoints(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a socket is bound or connected to network endpoints alone: `tcp://…`, a host and a port."""
        variable = self._names.variable(expression, function)
        if variable is None:
            return False
        addresses = self._addresses.get(variable, ())
        return bool(addresses) and all(self._is_network_endpoint(*one) for one in addresses)

    @cached_property
    def _addresses(self) -> dict[Variable, list[tuple[Expression, FunctionInfo]]]:
        """What each variable is bound or connected to."""
        addresses: dict[Variable, list[tuple[Expression, FunctionInfo]]] = {}
        for site in self._calls.sites(Act.BIND | Act.CONNECT):
            socket = site.call.receiver
            variable = self._names.variable(socket, site.function) if socket is not None else None
            address = argument_of(site.call, site.api, "endpoint")
            if variable is not None and address is not None:
                addresses.setdefault(variable, []).append((address, site.function))
        return addresses

    def _is_network_endpoint(self, address: Expression, function: FunctionInfo) -> bool:
        if isinstance(strip_casts(address), Display):
            return True
        texts = self._values.texts(address, function)
        return bool(texts) and all(text.beginning.startswith(("tcp://", "udp://", "pgm://")) for text in texts)


def _name_of(origin: Origin, names: Names) -> str:
    return names.external(origin.expression, origin.function) or dotted(origin.expression)


def _is_server(name: str) -> bool:
    return name.endswith(_NETWORK_SERVERS) or any(local in name for local in _LOCAL_SERVERS)


def _is_loopback(text: Text) -> bool:
    return text.beginning.startswith(_LOOPBACK) or text.literal == ""
