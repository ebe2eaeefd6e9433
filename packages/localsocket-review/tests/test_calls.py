"""What calls mean, whatever they are called, and which function they run."""

from __future__ import annotations

import pytest

from localsocket_review.analysis.ownership import Fate, is_released
from localsocket_review.apis import built_in
from localsocket_review.apis.meaning import Act
from localsocket_review.model.unit import Unit
from samples import call_named, cpp, facts_of, function_named, python


def meaning(unit: Unit, name: str) -> str:
    facts = facts_of(unit)
    (function,) = [one for one in facts.functions() if any(call.called_name == name for call in one.calls())]
    api = facts.calls.api_of(call_named(function, name), function)
    return "" if api is None else api.name


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("import socket as s\nx = s.socket()\nx.bind(p)", "bind", "socket.socket.bind"),
        ("from socket import *\nx = socket()\nx.bind(p)", "bind", "socket.socket.bind"),
        ("def f(x):\n    x.recv(9)", "recv", "socket.socket.recv"),
        ("import zmq\ns = zmq.Context().socket(zmq.REP)\ns.recv()", "recv", "zmq.Socket.recv"),
        (
            "from multiprocessing.connection import Listener\nc = Listener(p).accept()\nc.recv()",
            "recv",
            "multiprocessing.connection.Connection.recv",
        ),
        ("from PySide6.QtNetwork import QLocalServer as L\ns = L()\ns.listen(n)", "listen", "QLocalServer.listen"),
        (
            "from PyQt5 import QtNetwork\nQtNetwork.QLocalServer.removeServer(n)",
            "removeServer",
            "QLocalServer.removeServer",
        ),
        ("import os\nos.remove(p)", "remove", "os.remove"),
        ("x = []\nx.remove(p)", "remove", ""),
        ("class A:\n    def recv(self): ...\ndef f(a: A):\n    a.recv()", "recv", ""),
        ("class S(QLocalServer):\n    def f(self):\n        self.listen(n)", "listen", "QLocalServer.listen"),
        ("with socket.socket() as s:\n    s.connect(p)", "connect", "socket.socket.connect"),
        (
            "async def f(reader: asyncio.StreamReader):\n    await reader.readline()",
            "readline",
            "asyncio.StreamReader.readline",
        ),
        ("button.clicked.connect(f)", "connect", ""),
        (
            "class S(M, socketserver.UnixStreamServer):\n    def server_bind(self):\n        super().server_bind()",
            "server_bind",
            "socketserver.UnixStreamServer.server_bind",
        ),
        (
            "class S(socketserver.UnixStreamServer):\n    def __init__(self, p):\n        super().__init__(p, H)",
            "__init__",
            "socketserver.UnixStreamServer",
        ),
    ],
)
def test_python_calls(source: str, name: str, expected: str) -> None:
    assert meaning(python(source), name) == expected


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("void f(int fd) { ::bind(fd, (sockaddr *)&a, sizeof a); }", "bind", "bind"),
        ("void f() { std::bind(g, 1, 2); }", "bind", ""),
        ("void f(A *a) { connect(a, &A::done, [] {}); }", "connect", ""),
        ("void f(QLocalServer *s) { s->listen(n); }", "listen", "QLocalServer.listen"),
        ("class S : public QLocalServer { void f() { listen(n); } };", "listen", "QLocalServer.listen"),
        ("class S { std::unique_ptr<QLocalServer> m; void f() { m->listen(n); } };", "listen", "QLocalServer.listen"),
        ("void f() { auto s = std::make_unique<QLocalServer>(); s->listen(n); }", "listen", "QLocalServer.listen"),
        ("namespace fs = std::filesystem; void f() { fs::remove(p); }", "remove", "std.filesystem.remove"),
        ("using namespace std; void f() { remove(p); }", "remove", "remove"),
        ("class C { bool connect() { return ::connect(m_fd, a, n) == 0; } int m_fd; };", "connect", "connect"),
        ("extern int connect P((int)); void f(int fd) { connect(fd, a, n); }", "connect", "connect"),
        ("void f() { QFile(p).remove(); }", "remove", "QFile.remove"),
        ("void read(int, int, int); void f() { read(1, 2, 3); }", "read", "read"),
        ("static int send(int a, int b, int c, int d) { return 1; } void f() { send(1, 2, 3, 4); }", "send", ""),
        ("void f() { QLocalServer::removeServer(n); }", "removeServer", "QLocalServer.removeServer"),
        (
            "class S : public QLocalServer {}; void f() { S::removeServer(n); }",
            "removeServer",
            "QLocalServer.removeServer",
        ),
    ],
)
def test_cpp_calls(source: str, name: str, expected: str) -> None:
    assert meaning(cpp(source), name) == expected


def test_the_object_stands_for_the_path_where_a_method_has_none() -> None:
    facts = facts_of(cpp('void f() { QFile file("a"); file.setPermissions(QFile::ReadOwner); }'))
    (site,) = facts.calls.sites(Act.CHMOD)
    path, mode = site.argument("path"), site.argument("mode")
    assert path is not None
    assert path is site.call.receiver
    assert mode is site.call.arguments[0]


def test_a_threads_target_is_given_its_arguments() -> None:
    facts = facts_of(python("import threading\ndef f(a): ...\nthreading.Thread(target=f, args=(x,)).start()"))
    function = function_named(facts, "f")
    ((value, _),) = facts.calls.values_given(function, "a")
    assert value.place.line == 3
    assert [worker.function for worker in facts.threads.workers] == [function]


def test_what_a_thread_calls_and_the_lambdas_inside_run_on_it() -> None:
    facts = facts_of(
        cpp("void deep() {} void other() {} void f() { std::thread t([] { deep(); g([] { inner(); }); }); other(); }")
    )
    (worker,) = facts.threads.workers
    assert facts.threads.worker_of(function_named(facts, "deep")) is worker
    assert facts.threads.worker_of(function_named(facts, "other")) is None
    (inside,) = [one for one in facts.functions() if [call.called_name for call in one.calls()] == ["inner"]]
    assert facts.threads.worker_of(inside) is worker


def test_a_slot_is_found_in_every_spelling() -> None:
    facts = facts_of(
        cpp("""
        class A : public QObject { Q_OBJECT
        public slots: void stop() {}
        public:
            void f(QLocalSocket *s) {
                connect(s, SIGNAL(disconnected()), this, SLOT(stop()));
                connect(s, &QLocalSocket::disconnected, this, &A::stop, Qt::QueuedConnection);
                connect(s, &QLocalSocket::disconnected, s, &QObject::deleteLater);
                connect(s, &QLocalSocket::readyRead, [] {});
            }
        };
        """)
    )
    connections = facts.connections.all
    assert [connection.signal for connection in connections] == ["disconnected"] * 3 + ["readyRead"]
    assert [connection.slot_name for connection in connections] == ["stop", "stop", "deleteLater", ""]
    assert [len(connection.targets) for connection in connections] == [1, 1, 0, 1]
    assert [connection.kind for connection in connections] == ["", "QueuedConnection", "", ""]
    assert [connection.context is None for connection in connections] == [False, False, False, True]
    assert [connection.by_text for connection in connections] == [True, False, False, False]
    assert list(facts.connections.of_signal("readyRead")) == connections[3:]


@pytest.mark.parametrize(
    ("body", "fate"),
    [
        ("new QLocalSocket(this);", Fate.PARENTED),
        ("auto s = new QLocalSocket; return s;", Fate.RETURNED),
        ("auto s = new QLocalSocket; delete s;", Fate.DELETED),
        ("auto s = new QLocalSocket; s->deleteLater();", Fate.DELETED_LATER),
        ("std::unique_ptr<QLocalSocket> s(new QLocalSocket);", Fate.SMART),
        ("auto s = new QLocalSocket; keep(s);", Fate.HANDED_ON),
        ("auto s = new QLocalSocket; connect(s, &A::b, s, &QObject::deleteLater);", Fate.DELETED_LATER),
    ],
)
def test_somebody_is_responsible(body: str, fate: Fate) -> None:
    facts = facts_of(cpp(f"class A : public QObject {{ QLocalSocket *f() {{ {body} }} }};"))
    function = function_named(facts, "f")
    (made,) = [call for call in function.calls() if call.is_new]
    fates = facts.ownership.fates(made, function)
    assert fate in fates
    assert is_released(fates)


def test_nobody_is_responsible() -> None:
    facts = facts_of(cpp("void f() { auto s = new QLocalSocket; s->abort2(); }"))
    function = function_named(facts, "f")
    (made,) = [call for call in function.calls() if call.is_new]
    assert facts.ownership.fates(made, function) == {Fate.LOCAL}


def test_uses_are_counted_over_files_that_belong_together() -> None:
    header = cpp("class A {\npublic:\n    void used();\n    void unused();\n};\n", "a.h")
    source = cpp('#include "a.h"\nvoid A::used() {}\nvoid A::unused() { used(); }\n', "a.cpp")
    stranger = cpp("void other(B *b) { b->unused(); }\n", "b.cpp")
    facts = facts_of(header, source, stranger)
    assert facts.references.uses("used", header) == 1
    assert facts.references.uses("unused", source) == 0
    assert facts.references.uses("unused", stranger) == 1


def test_no_table_names_a_call_twice() -> None:
    from localsocket_review.apis import c_library, python_io, python_sockets, qt

    for table in (c_library, python_io, python_sockets, qt):
        names = [api.name for api in table.APIS]
        assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
    assert all(built_in().calls.values())
