"""Python: what a peer sent, on its way through the language, the library and frameworks."""

from __future__ import annotations

from flows.flow import Handler, Language, Sink, Source, Way

_HEAD = """\
import argparse
import asyncio
import codecs
import configparser
import contextlib
import dataclasses
import enum
import functools
import importlib
import io
import itertools
import json
import marshal
import os
import pathlib
import pickle
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import tarfile
import time
import zipfile
from typing import NamedTuple
"""


def _source(name: str, expression: str, head: str = "") -> Source:
    return Source(name, f"$B = {expression}\n", '$B = "status"\n', head)


SOURCES = (
    _source("recv", "connection.recv(256).decode()"),
    _source("recv, str()", 'str(connection.recv(256), "utf-8")'),
    Source(
        "recv_into",
        "room = bytearray(256)\ngot = connection.recv_into(room)\n$B = room[:got].decode()\n",
        '$B = "status"\n',
    ),
    _source("recvfrom", "connection.recvfrom(256)[0].decode()"),
    Source("recvmsg", "data, *rest = connection.recvmsg(256)\n$B = data.decode()\n", '$B = "status"\n'),
    _source("makefile", 'connection.makefile("r").readline()'),
    Source(
        "lines of makefile",
        'with connection.makefile("r") as lines:\n    for $B in lines:\n        break\n',
        '$B = "status"\n',
    ),
    Source(
        "recv in a loop",
        'parts = b""\nwhile not parts.endswith(b"\\n"):\n    more = connection.recv(256)\n    if not more:\n        return\n'
        "    parts += more\n$B = parts.decode()\n",
        '$B = "status"\n',
    ),
    _source(
        "multiprocessing",
        "listener.accept().recv_bytes().decode()",
        "from multiprocessing.connection import Listener\n\nlistener = Listener('/run/demo/x.sock')\n",
    ),
    _source(
        "pyzmq",
        "zmq_socket.recv_string()",
        "import zmq\n\nzmq_socket = zmq.Context().socket(zmq.REP)\nzmq_socket.bind('ipc:///run/demo/x.sock')\n",
    ),
    _source(
        "localsocket",
        "local.read_line(timeout=1).decode()",
        "import localsocket\n\nlocal = localsocket.connect('demo')\n",
    ),
)

_COMMAND = 'if $V not in ("status", "version"):\n    return\n'
_PATH = 'if "/" in $V or ".." in $V:\n    return\n'
_ACTS = frozenset({"LS109"})
_PICKLE = frozenset({"LS107"})
_SIZE = frozenset({"LS110"})
_ROUNDS = frozenset({"LS122"})


def _command(name: str, statements: str, head: str = "", *, is_typical: bool = False) -> Sink:
    return Sink(name, f"$G\n{statements}\n", _COMMAND, _ACTS, head, is_typical)


def _path(name: str, statements: str, *, is_typical: bool = False) -> Sink:
    return Sink(name, f"$G\n{statements}\n", _PATH, _ACTS, is_typical=is_typical)


def _loads(name: str, statements: str, head: str = "", *, is_typical: bool = False) -> Sink:
    return Sink(name, f"$G\n{statements}\n", _COMMAND, _PICKLE, head, is_typical)


SINKS = (
    _command("os.system", "os.system($V)", is_typical=True),
    _command("os.system, put together", 'os.system("ls " + $V)'),
    _command("run with a shell", 'subprocess.run(f"ls {$V}", shell=True)'),
    _command("run sh -c", 'subprocess.run(["sh", "-c", $V])'),
    _command(
        "list made by append", 'words = ["sh"]\nwords.append("-c")\nwords.append("echo " + $V)\nsubprocess.run(words)'
    ),
    _command("Popen of a list with +", 'subprocess.Popen(["bash", "-c"] + [$V])'),
    _command("check_output", "subprocess.check_output($V, shell=True)"),
    _command("which program", "subprocess.run([$V])"),
    _command("os.popen", "os.popen($V).read()"),
    _command("os.execvp", 'os.execvp("sh", ["sh", "-c", $V])'),
    _command("asyncio shell", "asyncio.run(asyncio.create_subprocess_shell($V))"),
    _command("eval", "eval($V)"),
    _command("exec", "exec($V)"),
    _command("compile", 'exec(compile($V, "x", "exec"))'),
    _command("import_module", "importlib.import_module($V)"),
    _command("query", 'sqlite3.connect("/srv/x.db").execute("SELECT * FROM t WHERE name = \'" + $V + "\'")'),
    _path("open", 'open(f"/srv/files/{$V}").read()', is_typical=True),
    _path("os.path.join", 'open(os.path.join("/srv/files", $V)).read()'),
    _path("codecs.open", 'codecs.open(f"/srv/files/{$V}", "r", "utf-8").read()'),
    _path("io.open", 'io.open("/srv/files/" + $V).read()'),
    _path("os.open", 'os.close(os.open("/srv/files/" + $V, os.O_RDONLY))'),
    _path("Path.open", 'pathlib.Path("/srv/files", $V).open().close()'),
    _path("Path.read_text", '(pathlib.Path("/srv/files") / $V).read_text()'),
    _path("Path.unlink", 'pathlib.Path("/srv/files").joinpath($V).unlink()'),
    _path("Path.write_bytes", '(pathlib.Path("/srv/files") / $V).write_bytes(b"")'),
    _path("os.remove", 'os.remove("/srv/files/" + $V)'),
    _path("os.listdir", 'os.listdir("/srv/files/" + $V)'),
    _path("shutil.rmtree", 'shutil.rmtree("/srv/files/" + $V)'),
    _path("shutil.copy", 'shutil.copy("/srv/files/" + $V, "/srv/copy")'),
    _path("shutil.move", 'shutil.move("/srv/files/a", "/srv/files/" + $V)'),
    _path("os.rename", 'os.rename("/srv/files/a", "/srv/files/" + $V)'),
    _path("os.makedirs", 'os.makedirs("/srv/files/" + $V)'),
    _path("tarfile.open", 'tarfile.open("/srv/files/" + $V).close()'),
    _path("ZipFile", 'zipfile.ZipFile("/srv/files/" + $V).close()'),
    Sink(
        "int as a size",
        "size = int($V)\n$G\nroom = bytearray(size)\n",
        "if size > 1000:\n    return\n",
        _SIZE,
        is_typical=True,
    ),
    Sink("repeated", "size = int($V)\n$G\nroom = [0] * size\n", "if size > 1000:\n    return\n", _SIZE),
    Sink(
        "loop bound",
        "rounds = int($V)\n$G\nfor k in range(rounds):\n    print(k)\n",
        "if rounds > 100:\n    return\n",
        _ROUNDS,
    ),
    Sink(
        "sleep",
        "pause = float($V)\n$G\ntime.sleep(pause)\n",
        "if not 0 <= pause < 10:\n    return\n",
        _ROUNDS,
        is_typical=True,
    ),
    _loads("pickle.loads", "pickle.loads($V.encode())", is_typical=True),
    _loads("Unpickler", "pickle.Unpickler(io.BytesIO($V.encode())).load()"),
    _loads("marshal.loads", "marshal.loads($V.encode())"),
    _loads("yaml.load", "yaml.load($V, Loader=yaml.Loader)", "import yaml\n"),
    _loads("yaml.unsafe_load", "yaml.unsafe_load($V)", "import yaml\n"),
    _loads("dill", "dill.loads($V.encode())", "import dill\n"),
    _loads("cloudpickle", "cloudpickle.loads($V.encode())", "import cloudpickle\n"),
    _loads("jsonpickle", "jsonpickle.decode($V)", "import jsonpickle\n"),
    _loads("torch.load", "torch.load(io.BytesIO($V.encode()), weights_only=False)", "import torch\n"),
    _loads("numpy.load", "numpy.load(io.BytesIO($V.encode()), allow_pickle=True)", "import numpy\n"),
    _loads("joblib", "joblib.load(io.BytesIO($V.encode()))", "import joblib\n"),
)

_LISTEN = """\

def listen(path, serve):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            connection, _ = server.accept()
            with connection:
                serve(connection)

"""


def _way(name: str, body: str, before: str = "", *, more: tuple[tuple[str, str], ...] = ()) -> Way:
    """The text comes in `serve`, and these lines make `name` of it and use it."""
    indented = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return Way(name, f"{_LISTEN}{before}\ndef serve(connection):\n    @SOURCE:text@\n{indented}", more)


_ACT = "\ndef act(name):\n    @SINK:name@\n\n"

WAYS = (
    _way("direct", "name = text\n@SINK:name@"),
    _way("itself", "@SINK:text@"),
    _way("if", 'name = "status"\nif len(text) > 2:\n    name = text\n@SINK:name@'),
    _way("conditional expression", 'name = text if text else "status"\n@SINK:name@'),
    _way("or", 'name = text or "status"\n@SINK:name@'),
    _way("while", 'name = ""\nwhile True:\n    name = text\n    break\n@SINK:name@'),
    _way("for", 'name = ""\nfor _ in range(1):\n    name = text\n@SINK:name@'),
    _way("try", "try:\n    name = text\nexcept ValueError:\n    return\n@SINK:name@"),
    _way("finally", 'name = ""\ntry:\n    pass\nfinally:\n    name = text\n@SINK:name@'),
    _way("with", "with contextlib.nullcontext(text) as name:\n    @SINK:name@"),
    _way("match", "match text:\n    case str() as name:\n        @SINK:name@"),
    _way("walrus", "if (name := text):\n    @SINK:name@"),
    _way("argument", "act(text)", _ACT),
    _way("keyword argument", "act(name=text)", _ACT),
    _way(
        "argument, four deep",
        "one(text)",
        _ACT + "\ndef three(a):\n    act(a)\n\n\ndef two(a):\n    three(a)\n\n\ndef one(a):\n    two(a)\n\n",
    ),
    _way("*arguments", "act(1, text)", "\ndef act(*values):\n    name = values[1]\n    @SINK:name@\n\n"),
    _way("**keywords", "act(what=text)", '\ndef act(**values):\n    name = values["what"]\n    @SINK:name@\n\n'),
    _way("spread out", "act(*[text])", _ACT),
    _way("spread out by name", 'act(**{"name": text})', _ACT),
    _way("result", "name = pick(text)\n@SINK:name@", "\ndef pick(value):\n    return value\n\n"),
    Way(
        "result of the reader",
        f"{_LISTEN}\ndef ask(connection):\n    @SOURCE:text@\n    return text\n\n\n"
        "def serve(connection):\n    name = ask(connection)\n    @SINK:name@\n",
    ),
    _way("one of a tuple", "_, name = pick(text)\n@SINK:name@", "\ndef pick(value):\n    return 1, value\n\n"),
    _way("tuple assignment", "kind, name = 1, text\n@SINK:name@"),
    _way("starred assignment", "first, *others = [1, text]\nname = others[0]\n@SINK:name@"),
    _way(
        "attribute",
        "one = Request()\none.name = text\nname = one.name\n@SINK:name@",
        "\nclass Request:\n    name = ''\n\n",
    ),
    _way(
        "attribute of self",
        "session = Session(text)\nsession.act()",
        "\nclass Session:\n    def __init__(self, name):\n        self.name = name\n\n    def act(self):\n        @SINK:self.name@\n\n",
    ),
    Way(
        "method that reads, method that acts",
        f"{_LISTEN}\nclass Session:\n    def __init__(self, connection):\n        self.connection = connection\n        self.name = ''\n\n"
        "    def ask(self):\n        connection = self.connection\n        @SOURCE:text@\n        self.name = text\n\n"
        "    def act(self):\n        self.ask()\n        @SINK:self.name@\n\n\n"
        "def serve(connection):\n    Session(connection).act()\n",
    ),
    _way(
        "class attribute",
        "Shared.name = text\nact()",
        "\nclass Shared:\n    name = ''\n\n\ndef act():\n    name = Shared.name\n    @SINK:name@\n\n",
    ),
    _way("dict", 'all = {}\nall["what"] = text\nname = all["what"]\n@SINK:name@'),
    _way("dict display", 'all = {"what": text}\nname = all["what"]\n@SINK:name@'),
    _way("dict.get", 'all = {"what": text}\nname = all.get("what", "")\n@SINK:name@'),
    _way("dict update", "all = {}\nall.update(what=text)\nname = all['what']\n@SINK:name@"),
    _way("setdefault", "all = {}\nall.setdefault('what', text)\nname = all['what']\n@SINK:name@"),
    _way("list", "all = [1, text]\nname = all[1]\n@SINK:name@"),
    _way("append", "all = []\nall.append(text)\nname = all[0]\n@SINK:name@"),
    _way("pop", "all = [text]\nname = all.pop()\n@SINK:name@"),
    _way("join", "name = ''.join([text])\n@SINK:name@"),
    _way("queue", "import queue\n\nall = queue.Queue()\nall.put(text)\nname = all.get()\n@SINK:name@"),
    _way(
        "configparser",
        "settings = configparser.ConfigParser()\nsettings.add_section('s')\nsettings.set('s', 'k', text)\nname = settings.get('s', 'k')\n@SINK:name@",
    ),
    _way("closure", "def act():\n    @SINK:text@\n\nact()"),
    _way("lambda", "pick = lambda: text\nname = pick()\n@SINK:name@"),
    _way(
        "factory",
        "act = make(text)\nact()",
        "\ndef make(name):\n    def act():\n        @SINK:name@\n\n    return act\n\n",
    ),
    _way(
        "decorator",
        "act(text)",
        "\ndef logged(function):\n    @functools.wraps(function)\n    def inner(*args):\n        print('called')\n        return function(*args)\n\n    return inner\n\n\n@logged\ndef act(name):\n    @SINK:name@\n\n",
    ),
    _way("partial", "then = functools.partial(act, text)\nthen()", _ACT),
    _way("function in a table", 'TABLE["do"](text)', _ACT + '\nTABLE = {"do": act}\n\n'),
    _way("function given", "call(act, text)", _ACT + "\ndef call(then, value):\n    then(value)\n\n"),
    _way("generator", "for name in parts(text):\n    @SINK:name@", "\ndef parts(value):\n    yield value\n\n"),
    _way("generator, next", "name = next(parts(text))\n@SINK:name@", "\ndef parts(value):\n    yield value\n\n"),
    _way(
        "yield from",
        "for name in outer(text):\n    @SINK:name@",
        "\ndef parts(value):\n    yield value\n\n\ndef outer(value):\n    yield from parts(value)\n\n",
    ),
    _way("comprehension", "name = [one for one in [text]][0]\n@SINK:name@"),
    _way("f-string", 'name = f"{text}"\n@SINK:name@'),
    _way("percent", 'name = "%s" % text\n@SINK:name@'),
    _way("format", 'name = "{}".format(text)\n@SINK:name@'),
    _way("plus", 'name = "a" + text\n@SINK:name@'),
    _way("plus equals", 'name = "a"\nname += text\n@SINK:name@'),
    _way("strip", "name = text.strip()\n@SINK:name@"),
    _way("split", "name = text.split()[1]\n@SINK:name@"),
    _way("partition", 'verb, _, name = text.partition(" ")\n@SINK:name@'),
    _way(
        "regular expression",
        'found = re.match(r"do (.*)", text)\nif not found:\n    return\nname = found.group(1)\n@SINK:name@',
    ),
    _way(
        "regular expression, subscript",
        'found = re.search(r"do (.*)", text)\nif not found:\n    return\nname = found[1]\n@SINK:name@',
    ),
    _way("JSON", 'name = json.loads(text)["name"]\n@SINK:name@'),
    _way("JSON, get", 'request = json.loads(text)\nname = request.get("name")\n@SINK:name@'),
    _way("bytes and back", 'name = text.encode().decode("ascii")\n@SINK:name@'),
    _way("shlex.split", "name = shlex.split(text)[0]\n@SINK:name@"),
    _way(
        "argparse",
        'parser = argparse.ArgumentParser()\nparser.add_argument("name")\nname = parser.parse_args(text.split()).name\n@SINK:name@',
    ),
    _way(
        "dataclass",
        "one = Request(1, text)\n@SINK:one.name@",
        "\n@dataclasses.dataclass\nclass Request:\n    kind: int\n    name: str\n\n",
    ),
    _way(
        "dataclass replaced",
        "one = dataclasses.replace(Request(1, ''), name=text)\n@SINK:one.name@",
        "\n@dataclasses.dataclass\nclass Request:\n    kind: int\n    name: str\n\n",
    ),
    _way(
        "named tuple",
        "one = Request(1, text)\n@SINK:one.name@",
        "\nclass Request(NamedTuple):\n    kind: int\n    name: str\n\n",
    ),
    _way("global", "global chosen\nchosen = text\nact()", "\nchosen = ''\n\n\ndef act():\n    @SINK:chosen@\n\n"),
    _way(
        "setattr",
        "one = Request()\nsetattr(one, 'name', text)\nname = one.name\n@SINK:name@",
        "\nclass Request:\n    name = ''\n\n",
    ),
    _way(
        "getattr",
        "one = Request()\none.name = text\nname = getattr(one, 'name')\n@SINK:name@",
        "\nclass Request:\n    name = ''\n\n",
    ),
    _way(
        "property",
        "one = Request(text)\nname = one.name\n@SINK:name@",
        "\nclass Request:\n    def __init__(self, kept):\n        self._kept = kept\n\n    @property\n    def name(self):\n        return self._kept\n\n",
    ),
    _way(
        "inherited method",
        "Derived().act(text)",
        "\nclass Base:\n    def act(self, name):\n        @SINK:name@\n\n\nclass Derived(Base):\n    pass\n\n",
    ),
    _way(
        "overridden method",
        "use(Derived(), text)",
        "\nclass Base:\n    def act(self, name):\n        raise NotImplementedError\n\n\nclass Derived(Base):\n    def act(self, name):\n        @SINK:name@\n\n\ndef use(one: Base, value):\n    one.act(value)\n\n",
    ),
    _way(
        "super",
        "Derived(text).act()",
        "\nclass Base:\n    def __init__(self, name):\n        self.name = name\n\n\nclass Derived(Base):\n    def __init__(self, name):\n        super().__init__(name)\n\n    def act(self):\n        @SINK:self.name@\n\n",
    ),
    _way(
        "static method",
        "Tools.act(text)",
        "\nclass Tools:\n    @staticmethod\n    def act(name):\n        @SINK:name@\n\n",
    ),
    _way(
        "class method",
        "Tools.act(text)",
        "\nclass Tools:\n    @classmethod\n    def act(cls, name):\n        @SINK:name@\n\n",
    ),
    _way(
        "bound method",
        "then = Tools().act\nthen(text)",
        "\nclass Tools:\n    def act(self, name):\n        @SINK:name@\n\n",
    ),
    _way("callable object", "Tools()(text)", "\nclass Tools:\n    def __call__(self, name):\n        @SINK:name@\n\n"),
    _way("thread", "import threading\n\nthreading.Thread(target=act, args=(text,)).start()", _ACT),
    _way(
        "executor", "from concurrent.futures import ThreadPoolExecutor\n\nThreadPoolExecutor().submit(act, text)", _ACT
    ),
    _way("coroutine", "asyncio.run(act(text))", "\nasync def act(name):\n    @SINK:name@\n\n"),
    _way("map", "for name in map(str.strip, [text]):\n    @SINK:name@"),
    _way("zip", "for _, name in zip([1], [text]):\n    @SINK:name@"),
    _way("enumerate", "for _, name in enumerate([text]):\n    @SINK:name@"),
    _way("sorted", "name = sorted([text])[0]\n@SINK:name@"),
    _way("chain", "for name in itertools.chain([text], []):\n    @SINK:name@"),
    _way("dictionary items", 'for key, name in {"what": text}.items():\n    @SINK:name@'),
    _way(
        "context manager",
        "with given(text) as name:\n    @SINK:name@",
        "\n@contextlib.contextmanager\ndef given(value):\n    yield value\n\n",
    ),
    _way("StringIO", "name = io.StringIO(text).read()\n@SINK:name@"),
    _way(
        "another module",
        "import other\n\nother.act(text)",
        more=(("other.py", "\ndef act(name):\n    @SINK:name@\n"),),
    ),
    _way(
        "another module, from",
        "from other import act\n\nact(text)",
        more=(("other.py", "\ndef act(name):\n    @SINK:name@\n"),),
    ),
    _way(
        "another module, global",
        "import other\n\nother.chosen = text\nother.act()",
        more=(("other.py", "\nchosen = ''\n\n\ndef act():\n    @SINK:chosen@\n"),),
    ),
)

HANDLERS = (
    Handler(
        "asyncio streams",
        "async def serve(reader, writer):\n    text = $S\n    @SINK:text@\n\n\n"
        "async def main():\n    await asyncio.start_unix_server(serve, '/run/demo/x.sock')\n",
        "(await reader.readline()).decode()",
        "'status'",
    ),
    Handler(
        "asyncio lines",
        "async def serve(reader, writer):\n    async for line in $S:\n        text = line.decode()\n        @SINK:text@\n\n\n"
        "async def main():\n    await asyncio.start_unix_server(serve, '/run/demo/x.sock')\n",
        "reader",
        "lines()",
        "\n\nasync def lines():\n    yield b'status'\n\n",
    ),
    Handler(
        "asyncio protocol",
        "class Talk(asyncio.Protocol):\n    def data_received(self, data):\n        text = $S\n        @SINK:text@\n",
        "data.decode()",
        "'status'",
    ),
    Handler(
        "socketserver",
        "class Talk(socketserver.StreamRequestHandler):\n    def handle(self):\n        text = $S\n        @SINK:text@\n\n\n"
        "def main():\n    socketserver.UnixStreamServer('/run/demo/x.sock', Talk).serve_forever()\n",
        "self.rfile.readline().decode()",
        "'status'",
        "import socketserver\n",
    ),
    Handler(
        "socketserver, request",
        "class Talk(socketserver.BaseRequestHandler):\n    def handle(self):\n        text = $S\n        @SINK:text@\n\n\n"
        "def main():\n    socketserver.ThreadingUnixStreamServer('/run/demo/x.sock', Talk).serve_forever()\n",
        "self.request.recv(256).decode()",
        "'status'",
        "import socketserver\n",
    ),
    Handler(
        "asyncore",
        "class Talk(asyncore.dispatcher):\n    def handle_read(self):\n        text = $S\n        @SINK:text@\n",
        "self.recv(256).decode()",
        "'status'",
        "import asyncore\n",
    ),
    Handler(
        "asynchat",
        "class Talk(asynchat.async_chat):\n    def __init__(self, connection):\n        super().__init__(connection)\n        self.parts = []\n\n"
        "    def collect_incoming_data(self, data):\n        self.parts.append($S)\n\n"
        "    def found_terminator(self):\n        text = b''.join(self.parts).decode()\n        @SINK:text@\n",
        "data",
        "b'status'",
        "import asynchat\n",
    ),
    Handler(
        "twisted protocol",
        "class Talk(Protocol):\n    def dataReceived(self, data):\n        text = $S\n        @SINK:text@\n",
        "data.decode()",
        "'status'",
        "from twisted.internet.protocol import Protocol\n",
    ),
    Handler(
        "twisted lines",
        "class Talk(LineReceiver):\n    def lineReceived(self, line):\n        text = $S\n        @SINK:text@\n",
        "line.decode()",
        "'status'",
        "from twisted.protocols.basic import LineReceiver\n",
    ),
    Handler(
        "trio",
        "async def serve(stream: trio.SocketStream):\n    text = $S\n    @SINK:text@\n",
        "(await stream.receive_some(256)).decode()",
        "'status'",
        "import trio\n",
    ),
    Handler(
        "anyio",
        "async def serve(stream):\n    text = $S\n    @SINK:text@\n\n\n"
        "async def main():\n    listener = await anyio.create_unix_listener('/run/demo/x.sock')\n    await listener.serve(serve)\n",
        "(await stream.receive()).decode()",
        "'status'",
        "import anyio\n",
    ),
    Handler(
        "aiohttp",
        "async def answer(request):\n    text = $S\n    @SINK:text@\n\n\n"
        "def main():\n    app = web.Application()\n    app.router.add_post('/', answer)\n    web.run_app(app, path='/run/demo/x.sock')\n",
        "await request.text()",
        "'status'",
        "from aiohttp import web\n",
    ),
    Handler(
        "aiohttp, query",
        "async def answer(request):\n    text = $S\n    @SINK:text@\n\n\n"
        "def main():\n    app = web.Application()\n    app.add_routes([web.get('/', answer)])\n    web.run_app(app, path='/run/demo/x.sock')\n",
        "request.query['name']",
        "'status'",
        "from aiohttp import web\n",
    ),
    Handler(
        "dbus-next",
        "class Talk(ServiceInterface):\n    @method()\n    def Do(self, name: 's') -> 's':\n        text = $S\n        @SINK:text@\n        return ''\n",
        "name",
        "'status'",
        "from dbus_next.service import ServiceInterface, method\n",
    ),
    Handler(
        "localsocket handler",
        "class Talk(localsocket.Handler):\n    def ready_read(self, socket):\n        text = $S\n        @SINK:text@\n",
        "socket.read_available().decode()",
        "'status'",
        "import localsocket\n",
    ),
    Handler(
        "localsocket service",
        "service = localsocket.Service('demo')\n\n\n@service.method\ndef act(name: str) -> None:\n    text = $S\n    @SINK:text@\n",
        "name",
        "'status'",
        "import localsocket\n",
    ),
    Handler(
        "PySide",
        "class Talk(QObject):\n    def __init__(self, peer: QLocalSocket):\n        super().__init__()\n        self.peer = peer\n"
        "        self.peer.readyRead.connect(self.read)\n\n    def read(self):\n        text = $S\n        @SINK:text@\n",
        "bytes(self.peer.readAll()).decode()",
        "'status'",
        "from PySide6.QtCore import QObject\nfrom PySide6.QtNetwork import QLocalSocket\n",
    ),
    Handler(
        "multiprocessing, connection",
        "def serve():\n    with Listener('/run/demo/x.sock') as listener, listener.accept() as connection:\n        text = $S\n        @SINK:text@\n",
        "connection.recv_bytes().decode()",
        "'status'",
        "from multiprocessing.connection import Listener\n",
    ),
)

PYTHON = Language("Python", ".py", _HEAD, SOURCES, WAYS, SINKS, HANDLERS)
