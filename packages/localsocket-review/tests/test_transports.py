"""Which sockets are told to be those of a network."""

from __future__ import annotations

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.model.unit import Unit
from samples import call_named, cpp, facts_of, python

HEAD = """\
import asyncio, http.server, socket, socketserver, zmq
from socket import AF_INET as INET

"""


def is_network(unit: Unit) -> bool:
    facts: Facts = facts_of(unit)
    (function,) = [one for one in facts.functions() if any(call.called_name == "use" for call in one.calls())]
    return facts.transports.is_network(call_named(function, "use").arguments[0], function)


@pytest.mark.parametrize(
    "source",
    [
        "use(socket.socket(socket.AF_INET, socket.SOCK_STREAM))",
        "use(socket.socket())",
        "use(socket.create_connection(('example.org', 80)).makefile('rb'))",
        "family = INET\nserver = socket.socket(family)\nconnection, address = server.accept()\nuse(connection)",
        "class S:\n"
        "    def __init__(self):\n        self.s = socket.socket(socket.AF_INET6)\n"
        "    def f(self):\n        use(self.s)",
        "async def h(reader, writer):\n    use(reader)\nasyncio.start_server(h, 'a', 80)",
        "async def h():\n    reader, writer = await asyncio.open_connection('a', 80)\n    use(reader)",
        "class H(socketserver.StreamRequestHandler):\n"
        "    def handle(self):\n        use(self.rfile)\n"
        "socketserver.TCPServer(('a', 80), H)",
        "class H(http.server.BaseHTTPRequestHandler):\n    def do_POST(self):\n        use(self.rfile)",
        "s = zmq.Context().socket(zmq.REP)\ns.bind('tcp://*:99')\nuse(s)",
    ],
)
def test_what_only_a_network_reaches_is_told(source: str) -> None:
    assert is_network(python(HEAD + source))


@pytest.mark.parametrize(
    "source",
    [
        "use(socket.socket(socket.AF_UNIX))",
        "def f(connection):\n    use(connection)",
        "def f(family):\n    use(socket.socket(family))",
        "async def h(reader, writer):\n    use(reader)\nasyncio.start_unix_server(h, 'a')",
        "async def h(reader, writer):\n    use(reader)\nasyncio.start_server(h, sock=given)",
        "class H(socketserver.StreamRequestHandler):\n    def handle(self):\n        use(self.rfile)",
        "class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):\n    pass\n"
        "class H(http.server.BaseHTTPRequestHandler):\n    def do_POST(self):\n        use(self.rfile)\n"
        "Server('a', H)",
        "s = zmq.Context().socket(zmq.REP)\ns.bind('tcp://*:99')\ns.bind('ipc://x')\nuse(s)",
    ],
)
def test_what_may_be_local_is_not(source: str) -> None:
    assert not is_network(python(HEAD + source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("void f(QTcpSocket *s) { use(s); }", True),
        ("void f(QLocalSocket *s) { use(s); }", False),
        ("void f() { int fd = socket(AF_INET, SOCK_STREAM, 0); int c = accept(fd, 0, 0); use(c); }", True),
        ("void f() { int fd = socket(PF_UNIX, SOCK_STREAM, 0); use(fd); }", False),
        ("void f(int fd) { use(fd); }", False),
    ],
)
def test_cpp_sockets_are_told_apart(source: str, expected: bool) -> None:
    assert is_network(cpp(source)) is expected


@pytest.mark.parametrize("use", ["eval(line)", "eval(connection.recv(9))"])
def test_what_a_network_peer_sent_is_left_to_others(use: str) -> None:
    for family, expected in (("AF_INET", 0), ("AF_UNIX", 1)):
        text = f"""\
            import socket
            def f():
                connection = socket.socket(socket.{family})
                for line in connection.makefile():
                    {use}
        """
        facts = facts_of(python(text))
        (function,) = [one for one in facts.functions() if one.name == "f"]
        argument = call_named(function, "eval").arguments[0]
        assert (facts.taint.received(argument, function) is not None) == expected
