"""C++, with and without Qt: what a peer sent, on its way through the language and its libraries."""

from __future__ import annotations

from flows.flow import Handler, Language, Sink, Source, Way

_HEAD = """\
#include <QDataStream>
#include <QFile>
#include <QLocalServer>
#include <QLocalSocket>
#include <QProcess>
#include <QString>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

static char table[64];
void work(int round);
"""
_CLEAN = '$B = "status";\n'

SOURCES = (
    Source(
        "recv",
        "char room[256];\nssize_t got = recv(client, room, 255, 0);\nif (got <= 0)\n    return;\nroom[got] = 0;\n$B = room;\n",
        _CLEAN,
    ),
    Source(
        "read into a string",
        "std::string room(256, '\\0');\nssize_t got = read(client, &room[0], room.size());\nif (got <= 0)\n    return;\n"
        "room.resize(got);\n$B = room;\n",
        _CLEAN,
    ),
    Source(
        "read into a vector",
        "std::vector<char> room(256);\nssize_t got = read(client, room.data(), room.size());\nif (got <= 0)\n    return;\n"
        "$B = std::string(room.data(), got);\n",
        _CLEAN,
    ),
    Source(
        "recv, assigned with its length",
        "char room[256];\nssize_t got = recv(client, room, sizeof room, 0);\nif (got <= 0)\n    return;\n$B.assign(room, got);\n",
        _CLEAN,
    ),
    Source("readAll", "$B = peer->readAll().toStdString();\n", _CLEAN),
    Source("readLine", "$B = QString::fromUtf8(peer->readLine()).toStdString();\n", _CLEAN),
    Source(
        "QDataStream",
        "QDataStream stream(peer);\nQString word;\nstream >> word;\n$B = word.toStdString();\n",
        _CLEAN,
    ),
)

_COMMAND = 'if ($V != "status")\n    return;\n'
_PATH = "if ($V.find('/') != std::string::npos || $V.find(\"..\") != std::string::npos)\n    return;\n"
_SMALL = "if (size > 64)\n    return;\n"
_ACTS = frozenset({"LS109"})
_SIZE = frozenset({"LS110"})
_FORMAT = frozenset({"LS119"})
_INDEX = frozenset({"LS120"})
_ROUNDS = frozenset({"LS122"})


def _command(name: str, statements: str, *, is_typical: bool = False) -> Sink:
    return Sink(name, f"$G\n{statements}\n", _COMMAND, _ACTS, is_typical=is_typical)


def _path(name: str, statements: str, *, is_typical: bool = False) -> Sink:
    return Sink(name, f"$G\n{statements}\n", _PATH, _ACTS, is_typical=is_typical)


def _sized(name: str, statements: str, *, is_typical: bool = False) -> Sink:
    text = f"size_t size = std::stoul($V);\n$G\n{statements}\n"
    return Sink(name, text, _SMALL, _SIZE, is_typical=is_typical)


SINKS = (
    _command("system", "system($V.c_str());", is_typical=True),
    _command("system, put together", 'system(("ls " + $V).c_str());'),
    _command("popen", 'FILE *out = popen($V.c_str(), "r");\nif (out)\n    pclose(out);'),
    _command("QProcess::execute", 'QProcess::execute("sh", {"-c", QString::fromStdString($V)});'),
    _command("QProcess::startCommand", "QProcess process;\nprocess.startCommand(QString::fromStdString($V));"),
    _command("execl", 'execl("/bin/sh", "sh", "-c", $V.c_str(), nullptr);'),
    _path("ifstream", 'std::ifstream file("/srv/files/" + $V);', is_typical=True),
    _path("ifstream::open", 'std::ifstream file;\nfile.open("/srv/files/" + $V);'),
    _path("ofstream::open", 'std::ofstream file;\nfile.open("/srv/files/" + $V);'),
    _path("fopen", 'FILE *file = fopen(("/srv/files/" + $V).c_str(), "re");\nif (file)\n    fclose(file);'),
    _path("filesystem::remove", 'std::filesystem::remove("/srv/files/" + $V);'),
    _path("filesystem::path", 'std::filesystem::remove(std::filesystem::path("/srv/files") / $V);'),
    _path("QFile", 'QFile file("/srv/files/" + QString::fromStdString($V));\nfile.open(QIODevice::ReadOnly);'),
    _path("QFile::remove", 'QFile::remove("/srv/files/" + QString::fromStdString($V));'),
    _sized("new[]", "char *made = new char[size];\ndelete[] made;", is_typical=True),
    _sized("vector", "std::vector<char> made(size);"),
    _sized("resize", "std::vector<char> made;\nmade.resize(size);"),
    _sized("reserve", "std::string made;\nmade.reserve(size);"),
    _sized("make_unique", "auto made = std::make_unique<char[]>(size);"),
    _sized("malloc", "void *made = malloc(size);\nfree(made);"),
    _sized("memcpy", "char into[64];\nmemcpy(into, table, size);"),
    _sized("std::copy_n", "char into[64];\nstd::copy_n(table, size, into);"),
    Sink(
        "signed size",
        "char into[64];\nint size = std::stoi($V);\nif (size >= 64)\n    return;\n$G\nmemcpy(into, table, size);\n",
        "if (size < 0)\n    return;\n",
        _SIZE,
    ),
    Sink("printf", "$G\nprintf($V.c_str());\n", _COMMAND, _FORMAT, is_typical=True),
    Sink(
        "index",
        "int at = std::stoi($V);\n$G\ntable[at] = 1;\n",
        "if (at < 0 || at >= 64)\n    return;\n",
        _INDEX,
        is_typical=True,
    ),
    Sink(
        "loop bound",
        "int rounds = std::stoi($V);\n$G\nfor (int i = 0; i < rounds; ++i)\n    work(i);\n",
        "if (rounds > 100)\n    return;\n",
        _ROUNDS,
        is_typical=True,
    ),
)

_SERVE = """\
void serve(int client, QLocalSocket *peer)
{
    std::string text;
    @SOURCE:text@
"""


def _way(name: str, body: str, before: str = "", *, more: tuple[tuple[str, str], ...] = ()) -> Way:
    """The text comes in `serve`, and these lines make `name` of it and use it."""
    indented = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return Way(name, f"{before}{_SERVE}{indented}}}\n", more)


_ACT = "static void act(const std::string &name)\n{\n    @SINK:name@\n}\n\n"

WAYS = (
    _way("direct", "std::string name = text;\n@SINK:name@"),
    _way("itself", "@SINK:text@"),
    _way("auto", "auto name = text;\n@SINK:name@"),
    _way("if", 'std::string name = "status";\nif (client > 0)\n    name = text;\n@SINK:name@'),
    _way(
        "try",
        "std::string name;\ntry {\n    name = text;\n} catch (const std::exception &) {\n    return;\n}\n@SINK:name@",
    ),
    _way("constructor", "std::string name(text);\n@SINK:name@"),
    _way("braces", "std::string name{text};\n@SINK:name@"),
    _way("move", "std::string name = std::move(text);\n@SINK:name@"),
    _way("reference", "const std::string &name = text;\n@SINK:name@"),
    _way("pointer", "std::string *there = &text;\nstd::string name = *there;\n@SINK:name@"),
    _way("plus", 'std::string name = "a" + text;\n@SINK:name@'),
    _way("append", 'std::string name = "a";\nname.append(text);\n@SINK:name@'),
    _way("plus equals", "std::string name;\nname += text;\n@SINK:name@"),
    _way("substr", "std::string name = text.substr(3);\n@SINK:name@"),
    _way("stringstream", "std::stringstream words(text);\nstd::string name;\nwords >> name;\n@SINK:name@"),
    _way(
        "istringstream, getline",
        "std::istringstream words(text);\nstd::string name;\nstd::getline(words, name, ' ');\n@SINK:name@",
    ),
    _way("ostringstream", "std::ostringstream words;\nwords << text;\nstd::string name = words.str();\n@SINK:name@"),
    _way("argument", "act(text);", _ACT),
    _way("argument by value", "act(text);", "static void act(std::string name)\n{\n    @SINK:name@\n}\n\n"),
    _way("argument, moved", "act(std::move(text));", "static void act(std::string &&name)\n{\n    @SINK:name@\n}\n\n"),
    _way(
        "argument, four deep",
        "one(text);",
        _ACT
        + "".join(
            f"static void {name}(const std::string &value)\n{{\n    {to}(value);\n}}\n\n"
            for name, to in (("three", "act"), ("two", "three"), ("one", "two"))
        ),
    ),
    _way(
        "result",
        "std::string name = pick(text);\n@SINK:name@",
        "static std::string pick(const std::string &value)\n{\n    return value;\n}\n\n",
    ),
    _way(
        "reference out",
        "std::string name;\npick(text, name);\n@SINK:name@",
        "static void pick(const std::string &from, std::string &to)\n{\n    to = from;\n}\n\n",
    ),
    Way(
        "filled by reference",
        "static void ask(int client, QLocalSocket *peer, std::string &text)\n{\n    @SOURCE:text@\n}\n\n"
        "void serve(int client, QLocalSocket *peer)\n{\n    std::string name;\n    ask(client, peer, name);\n    @SINK:name@\n}\n",
    ),
    _way(
        "member",
        "Request one;\none.name = text;\n@SINK:one.name@",
        "struct Request { int kind; std::string name; };\n\n",
    ),
    _way("aggregate", "Request one{1, text};\n@SINK:one.name@", "struct Request { int kind; std::string name; };\n\n"),
    _way(
        "object",
        "Session session(text);\nsession.act();",
        "class Session {\npublic:\n    explicit Session(const std::string &name) : m_name(name) {}\n    void act()\n    {\n        @SINK:m_name@\n    }\n\n"
        "private:\n    std::string m_name;\n};\n\n",
    ),
    _way(
        "setter and getter",
        "Session session;\nsession.setName(text);\nstd::string name = session.name();\n@SINK:name@",
        "class Session {\npublic:\n    void setName(const std::string &name) { m_name = name; }\n    std::string name() const { return m_name; }\n\n"
        "private:\n    std::string m_name;\n};\n\n",
    ),
    _way(
        "object on the heap",
        "auto session = std::make_unique<Session>();\nsession->name = text;\nsession->act();",
        "struct Session {\n    std::string name;\n    void act()\n    {\n        @SINK:name@\n    }\n};\n\n",
    ),
    _way(
        "virtual call",
        "Base *one = new Derived;\none->act(text);\ndelete one;",
        "struct Base {\n    virtual ~Base() = default;\n    virtual void act(const std::string &name) = 0;\n};\n\n"
        "struct Derived : Base {\n    void act(const std::string &name) override\n    {\n        @SINK:name@\n    }\n};\n\n",
    ),
    _way(
        "virtual call by reference",
        "Derived one;\nuse(one, text);",
        "struct Base {\n    virtual ~Base() = default;\n    virtual void act(const std::string &name) = 0;\n};\n\n"
        "struct Derived : Base {\n    void act(const std::string &name) override\n    {\n        @SINK:name@\n    }\n};\n\n"
        "static void use(Base &one, const std::string &value)\n{\n    one.act(value);\n}\n\n",
    ),
    _way(
        "inherited",
        "Derived one;\none.act(text);",
        "struct Base {\n    void act(const std::string &name)\n    {\n        @SINK:name@\n    }\n};\n\nstruct Derived : Base {};\n\n",
    ),
    _way(
        "static member",
        "Shared::name = text;\nact();",
        "struct Shared { static std::string name; };\n\nstd::string Shared::name;\n\nstatic void act()\n{\n    @SINK:Shared::name@\n}\n\n",
    ),
    _way(
        "global",
        "chosen = text;\nact();",
        "static std::string chosen;\n\nstatic void act()\n{\n    @SINK:chosen@\n}\n\n",
    ),
    _way(
        "namespace",
        "tools::act(text);",
        "namespace tools {\nvoid act(const std::string &name)\n{\n    @SINK:name@\n}\n}\n\n",
    ),
    _way("template", "act(text);", "template <typename T>\nvoid act(const T &name)\n{\n    @SINK:name@\n}\n\n"),
    _way(
        "template of a class",
        "Box<std::string> box{text};\nstd::string name = box.value;\n@SINK:name@",
        "template <typename T>\nstruct Box { T value; };\n\n",
    ),
    _way("lambda", "auto act = [&] {\n    @SINK:text@\n};\nact();"),
    _way("lambda, copied", "auto act = [text] {\n    @SINK:text@\n};\nact();"),
    _way("lambda, captured anew", "auto act = [name = text] {\n    @SINK:name@\n};\nact();"),
    _way("lambda with a parameter", "auto act = [](const std::string &name) {\n    @SINK:name@\n};\nact(text);"),
    _way("std::function", "std::function<void(const std::string &)> then = act;\nthen(text);", _ACT),
    _way("function pointer", "void (*then)(const std::string &) = &act;\nthen(text);", _ACT),
    _way(
        "function given",
        "call(act, text);",
        _ACT
        + "static void call(const std::function<void(const std::string &)> &then, const std::string &value)\n{\n    then(value);\n}\n\n",
    ),
    _way("vector", "std::vector<std::string> all;\nall.push_back(text);\nstd::string name = all[0];\n@SINK:name@"),
    _way("vector, at", "std::vector<std::string> all{text};\nstd::string name = all.at(0);\n@SINK:name@"),
    _way("vector, range", "std::vector<std::string> all{text};\nfor (const auto &name : all) {\n    @SINK:name@\n}"),
    _way(
        "vector, back",
        "std::vector<std::string> all;\nall.emplace_back(text);\nstd::string name = all.back();\n@SINK:name@",
    ),
    _way(
        "map",
        'std::map<std::string, std::string> all;\nall["what"] = text;\nstd::string name = all["what"];\n@SINK:name@',
    ),
    _way(
        "map, find",
        'std::map<std::string, std::string> all;\nall["what"] = text;\nauto found = all.find("what");\nstd::string name = found->second;\n@SINK:name@',
    ),
    _way("pair", "auto both = std::make_pair(1, text);\nstd::string name = both.second;\n@SINK:name@"),
    _way("structured binding", "auto [kind, name] = std::make_pair(1, text);\n@SINK:name@"),
    _way("optional", "std::optional<std::string> maybe = text;\nstd::string name = *maybe;\n@SINK:name@"),
    _way("optional, value", "std::optional<std::string> maybe = text;\nstd::string name = maybe.value();\n@SINK:name@"),
    _way("shared pointer", "auto kept = std::make_shared<std::string>(text);\nstd::string name = *kept;\n@SINK:name@"),
    _way("string_view", "std::string_view seen = text;\nstd::string name(seen);\n@SINK:name@"),
    _way(
        "conversion to Qt and back",
        "QString word = QString::fromStdString(text);\nstd::string name = word.toStdString();\n@SINK:name@",
    ),
    _way(
        "QString::split",
        "QStringList words = QString::fromStdString(text).split(' ');\nstd::string name = words.at(1).toStdString();\n@SINK:name@",
    ),
    _way(
        "QString::arg", 'std::string name = QString("%1").arg(QString::fromStdString(text)).toStdString();\n@SINK:name@'
    ),
    _way("c_str", "const char *there = text.c_str();\nstd::string name = there;\n@SINK:name@"),
    _way(
        "union",
        "union { const char *in; const char *out; } both;\nboth.in = text.c_str();\nstd::string name = both.out;\n@SINK:name@",
    ),
    _way(
        "operator",
        "Box box;\nbox << text;\n@SINK:box.name@",
        "struct Box {\n    std::string name;\n    Box &operator<<(const std::string &value)\n    {\n        name = value;\n        return *this;\n    }\n};\n\n",
    ),
    _way("macro", "ACT(text);", _ACT + "#define ACT(value) act(value)\n\n"),
    _way(
        "another file",
        "act(text);",
        "void act(const std::string &name);\n\n",
        more=(("act.cpp", "void act(const std::string &name)\n{\n    @SINK:name@\n}\n"),),
    ),
    _way(
        "another file, global",
        "chosen = text;\nact();",
        "extern std::string chosen;\nvoid act();\n\n",
        more=(("act.cpp", "std::string chosen;\n\nvoid act()\n{\n    @SINK:chosen@\n}\n"),),
    ),
    _way(
        "another file, method",
        "Session session;\nsession.act(text);",
        '#include "session.h"\n\n',
        more=(
            ("session.h", "class Session {\npublic:\n    void act(const std::string &name);\n};\n"),
            (
                "session.cpp",
                '#include "session.h"\n\nvoid Session::act(const std::string &name)\n{\n    @SINK:name@\n}\n',
            ),
        ),
    ),
)

HANDLERS = (
    Handler(
        "readyRead, lambda",
        "void serve(QLocalSocket *peer)\n{\n    QObject::connect(peer, &QLocalSocket::readyRead, peer, [peer] {\n"
        "        std::string text = $S;\n        @SINK:text@\n    });\n}\n",
        "peer->readAll().toStdString()",
        'std::string("status")',
    ),
    Handler(
        "readyRead, slot",
        "class Server : public QObject {\npublic:\n    explicit Server(QLocalSocket *peer) : m_peer(peer)\n    {\n"
        "        connect(m_peer, &QLocalSocket::readyRead, this, &Server::read);\n    }\n\nprivate:\n    void read()\n    {\n"
        "        std::string text = $S;\n        @SINK:text@\n    }\n\n    QLocalSocket *m_peer;\n};\n",
        "m_peer->readAll().toStdString()",
        'std::string("status")',
    ),
)

CPP = Language("C++", ".cpp", _HEAD, SOURCES, WAYS, SINKS, HANDLERS)
