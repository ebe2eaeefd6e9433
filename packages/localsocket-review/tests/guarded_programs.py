"""Programs as people write them, each with a guard on two ways of what a peer sent to where it does harm.

`@A@` and `@B@` stand for the guards of the first and the second way; `without` is what stands there without one.
"""

from __future__ import annotations

from dataclasses import dataclass

_SERVING = """

def main(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            connection, _ = server.accept()
            with connection:
                handle(connection)
"""
_C = r"""#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int exactly(int fd, void *into, size_t size)
{
    char *at = into;
    while (size > 0) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

"""
_STARTING = """
int start(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 || listen(fd, 4) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}
"""
_CPP = """#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

"""
_QT = """#include <QDataStream>
#include <QFile>
#include <QFileInfo>
#include <QHash>
#include <QLocalServer>
#include <QLocalSocket>
#include <QProcess>
#include <QRegularExpression>
#include <QSet>

"""


@dataclass(frozen=True, slots=True)
class GuardedProgram:
    """A program with two ways; `rules` are those of which one has to tell where a guard is missing."""

    name: str
    suffix: str
    rules: frozenset[str]
    text: str
    first: str
    second: str
    without: str = ""

    @property
    def guarded(self) -> str:
        return self._with(self.first, self.second)

    @property
    def open_ones(self) -> tuple[str, str]:
        """The program without the first guard, and without the second."""
        return self._with(self.without, self.second), self._with(self.first, self.without)

    def _with(self, first: str, second: str) -> str:
        return self.text.replace("@A@", first).replace("@B@", second)


PROGRAMS = (
    GuardedProgram(
        "a set of names, in asyncio's callback",
        ".py",
        frozenset({"LS109"}),
        """import asyncio
import enum
import os


UNITS = frozenset({'lamp', 'kiosk'})


class Verb(enum.Enum):
    START = "start"
    STOP = "stop"


async def handle(reader, writer):
    verb, _, name = (await reader.readline()).decode().strip().partition(" ")
    if verb == "start":
        @A@
        os.system("systemctl start " + name)
    elif verb == "stop":
        @B@
        os.system("systemctl stop " + name)
    writer.close()


async def main(path):
    server = await asyncio.start_unix_server(handle, path)
    async with server:
        await server.serve_forever()
""",
        "if name not in UNITS:\n            return",
        "if name not in UNITS:\n            return",
    ),
    GuardedProgram(
        "a helper that resolves a path and asks whether it is inside",
        ".py",
        frozenset({"LS109"}),
        """import os
import re
import socket
import subprocess
from pathlib import Path

ROOT = Path("/srv/papers").resolve()


def inside(name):
    wanted = (ROOT / name).resolve()
    if not wanted.is_relative_to(ROOT):
        raise PermissionError(name)
    return wanted


def handle(connection):
    kind, name = connection.makefile("r").readline(300).split(None, 1)
    if kind == "show":
        paper = @A@
        connection.sendall(paper.read_bytes())
    else:
        paper = @B@
        paper.unlink()
"""
        + _SERVING,
        "inside(name)",
        "inside(name)",
        "Path('/srv/papers', name)",
    ),
    GuardedProgram(
        "a maximum, or a comparison that must hold",
        ".py",
        frozenset({"LS110"}),
        """import socket
import struct

MOST = 4096


def exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def handle(connection):
    while True:
        kind, size = struct.unpack("!BI", exactly(connection, 5))
        if kind == 0:
            @A@
            connection.sendall(exactly(connection, size))
        elif kind == 1:
            @B@
            room = bytearray(size)
            connection.recv_into(room)
        else:
            return
"""
        + _SERVING,
        "if size > MOST:\n                raise ValueError(size)",
        "if not size <= MOST:\n                return",
    ),
    GuardedProgram(
        "a dictionary's keys, in cases of a match statement",
        ".py",
        frozenset({"LS109"}),
        """import os
import re
import socket
import subprocess
from pathlib import Path

ALLOWED = {"lamp": "/srv/lamp", "kiosk": "/srv/kiosk"}


def handle(connection):
    words = connection.makefile("r").readline(300).split()
    match words:
        case ["show", name]:
            @A@
            connection.sendall(open("/srv/" + name, "rb").read())
        case ["drop", name, *_]:
            @B@
            os.remove("/srv/" + name)
        case _:
            connection.sendall(b"what?")
"""
        + _SERVING,
        "if name not in ALLOWED:\n                return",
        "if name not in ALLOWED.keys():\n                raise KeyError(name)",
    ),
    GuardedProgram(
        "a full match by a helper that raises",
        ".py",
        frozenset({"LS109"}),
        """import os
import re
import socket
import subprocess
from pathlib import Path

_PLAIN = re.compile(r"[a-z0-9_-]{1,40}")


def plain(name):
    if _PLAIN.fullmatch(name) is None:
        raise ValueError("no plain name: %r" % name)
    return name


class Shop:
    def __init__(self, root):
        self.root = root

    def show(self, name):
        @A@
        return (self.root / f"{name}.txt").read_text()

    def drop(self, name):
        @B@
        (self.root / f"{name}.txt").unlink()


def handle(connection):
    shop = Shop(Path("/srv/shop"))
    verb, name = connection.makefile("r").readline(300).split()
    if verb == "show":
        connection.sendall(shop.show(name).encode())
    else:
        shop.drop(name)
"""
        + _SERVING,
        "name = plain(name)",
        "name = plain(name)",
    ),
    GuardedProgram(
        "no pickle at all",
        ".py",
        frozenset({"LS107"}),
        """import hmac
import pickle
import socket
import struct


def handle(connection):
    stream = connection.makefile("rb")
    kind, size = struct.unpack("!BH", stream.read(3))
    if kind == 1:
        data = stream.read(size)
        @A@
        print(data)
    else:
        data = stream.read(size)
        @B@
        print(data)
"""
        + _SERVING,
        "data = data.decode('ascii', 'replace')",
        "data = len(data)",
        "data = pickle.loads(data)",
    ),
    GuardedProgram(
        "words quoted for a shell",
        ".py",
        frozenset({"LS109"}),
        """import shlex
import socket
import subprocess


def run(words):
    subprocess.run(" ".join(["lamp", *words]), shell=True, check=False)


def handle(connection):
    line = connection.makefile("r").readline(200).strip()
    if line.startswith("on "):
        run(["on", @A@])
    else:
        run(["off", @B@])
"""
        + _SERVING,
        "shlex.quote(line[3:])",
        "shlex.quote(line)",
        "line",
    ),
    GuardedProgram(
        "a number cut down",
        ".py",
        frozenset({"LS122"}),
        """import socket
import time


class Session:
    def __init__(self, connection):
        self.lines = connection.makefile("r")

    def number(self):
        return int(self.lines.readline(20))

    def run(self):
        kind = self.lines.readline(20).strip()
        count = self.number()
        if kind == "wait":
            @A@
            time.sleep(count)
        else:
            @B@
            for _ in range(count):
                print("tick")


def handle(connection):
    Session(connection).run()
"""
        + _SERVING,
        "if count > 10:\n                return",
        "count = min(count, 10)",
    ),
    GuardedProgram(
        "the common path with the root",
        ".py",
        frozenset({"LS109"}),
        """import os
import socketserver

ROOT = "/srv/files"


class Handler(socketserver.StreamRequestHandler):
    timeout = 5

    def handle(self):
        verb, name = self.rfile.readline(400).decode().split()
        path = os.path.realpath(os.path.join(ROOT, name))
        if verb == "get":
            @A@
            with open(path, "rb") as file:
                self.wfile.write(file.read())
        if verb == "del":
            @B@
            os.unlink(path)


def main(path):
    with socketserver.UnixStreamServer(path, Handler) as server:
        server.serve_forever()
""",
        "if os.path.commonpath([ROOT, path]) != ROOT:\n                return",
        "if os.path.commonpath((path, ROOT)) != ROOT:\n                raise PermissionError(path)",
    ),
    GuardedProgram(
        "a table of commands, in twisted's line receiver",
        ".py",
        frozenset({"LS109"}),
        """import subprocess

from twisted.internet import endpoints, protocol, reactor
from twisted.protocols import basic

COMMANDS = {b"on": "lamp on", b"off": "lamp off"}


class Lamp(basic.LineReceiver):
    def lineReceived(self, line):
        if line.startswith(b"!"):
            @A@
            subprocess.run(command, shell=True, check=False)
        else:
            @B@
            subprocess.run(command, shell=True, check=False)


class Factory(protocol.Factory):
    protocol = Lamp


def main(path):
    endpoints.UNIXServerEndpoint(reactor, path, mode=0o600).listen(Factory())
    reactor.run()
""",
        "command = COMMANDS[line[1:]]",
        "command = COMMANDS.get(line, 'true')",
        "command = line.decode()",
    ),
    GuardedProgram(
        "a maximum in cases of a switch, left by goto",
        ".c",
        frozenset({"LS110"}),
        _C
        + """struct header { uint8_t kind; uint32_t size; };

int take(int fd)
{
    struct header head;
    char *data = NULL;
    int result = -1;
    if (exactly(fd, &head, sizeof head) != 0)
        goto out;
    switch (head.kind) {
    case 1:
        @A@
        data = malloc(head.size);
        break;
    case 2:
        @B@
        data = calloc(1, head.size);
        break;
    default:
        goto out;
    }
    if (data != NULL)
        result = exactly(fd, data, head.size);
out:
    free(data);
    return result;
}
"""
        + _STARTING,
        "if (head.size > 65536)\n            goto out;",
        "if (head.size >= 4096)\n            goto out;",
    ),
    GuardedProgram(
        "no separator, asked by a helper or here",
        ".c",
        frozenset({"LS109"}),
        _C
        + """static int is_plain(const char *name)
{
    return *name && *name != '.' && strchr(name, '/') == NULL;
}

int serve(int fd)
{
    char line[128], path[256];
    ssize_t n = read(fd, line, sizeof line - 1);
    if (n <= 1)
        return -1;
    line[n] = 0;
    const char *name = line + 1;
    if (line[0] == 'r') {
        @A@
        snprintf(path, sizeof path, "/srv/lamp/%s", name);
        return unlink(path);
    }
    @B@
    snprintf(path, sizeof path, "/srv/lamp/%s", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0)
        close(file);
    return file;
}
"""
        + _STARTING,
        "if (!is_plain(name))\n            return -1;",
        "if (strchr(name, '/') || strstr(name, \"..\"))\n        return -1;",
    ),
    GuardedProgram(
        "the number of elements",
        ".c",
        frozenset({"LS120"}),
        _C
        + """static const char *const WORDS[4] = {"on", "off", "dim", "ask"};
static unsigned uses[4];

const char *word(int fd)
{
    uint8_t kind;
    uint32_t at;
    if (exactly(fd, &kind, 1) != 0 || exactly(fd, &at, sizeof at) != 0)
        return NULL;
    if (kind == 0) {
        @A@
        return WORDS[at];
    }
    @B@
    uses[at]++;
    return "";
}
"""
        + _STARTING,
        "if (at >= sizeof WORDS / sizeof *WORDS)\n            return NULL;",
        "if (at > 3)\n        return NULL;",
    ),
    GuardedProgram(
        "a format of the program's own",
        ".c",
        frozenset({"LS119"}),
        _C
        + """int tell(int fd)
{
    char line[128];
    ssize_t n = read(fd, line, sizeof line - 1);
    if (n <= 0)
        return -1;
    line[n] = 0;
    if (line[0] == '!')
        return @A@;
    return @B@;
}
"""
        + _STARTING,
        'fprintf(stderr, "%s", line)',
        'printf("%s\\n", line)',
        "printf(line)",
    ),
    GuardedProgram(
        "a maximum before a product",
        ".c",
        frozenset({"LS110", "LS121"}),
        _C
        + """struct item { uint32_t key; uint32_t value; };

struct item *items(int fd, int is_short)
{
    uint32_t count;
    struct item *found = NULL;
    if (exactly(fd, &count, sizeof count) != 0)
        return NULL;
    if (is_short) {
        @A@
        found = malloc(count * sizeof *found);
    } else {
        @B@
        found = malloc(sizeof(struct item) * count);
    }
    return found;
}
"""
        + _STARTING,
        "if (count > 16)\n            return NULL;",
        "if (count > SIZE_MAX / sizeof *found || count > 1024)\n            return NULL;",
    ),
    GuardedProgram(
        "a helper that gives back its own text",
        ".c",
        frozenset({"LS109"}),
        _C
        + """static const char *const COMMANDS[] = {"lamp on", "lamp off"};

static const char *known(const char *line)
{
    for (size_t at = 0; at < 2; at++)
        if (strcmp(COMMANDS[at], line) == 0)
            return COMMANDS[at];
    return NULL;
}

int run(int fd)
{
    char line[64];
    ssize_t n = read(fd, line, sizeof line - 1);
    if (n <= 0)
        return -1;
    line[n] = 0;
    const char *command = NULL;
    if (line[0] == '!')
        command = @A@;
    else
        command = @B@;
    return command == NULL ? -1 : system(command);
}
"""
        + _STARTING,
        "known(line + 1)",
        "known(line)",
        "line",
    ),
    GuardedProgram(
        "an exception of C++",
        ".cpp",
        frozenset({"LS110"}),
        _CPP
        + """constexpr std::uint32_t most() { return 512; }

class Wire {
public:
    explicit Wire(int fd) : m_fd(fd) {}
    std::uint32_t number()
    {
        std::uint32_t value = 0;
        if (::recv(m_fd, &value, sizeof value, MSG_WAITALL) != static_cast<ssize_t>(sizeof value))
            throw std::runtime_error("end");
        return value;
    }
    std::vector<char> body(bool is_long)
    {
        const std::uint32_t size = number();
        if (is_long) {
            @A@
            return std::vector<char>(size);
        }
        @B@
        std::vector<char> small;
        small.resize(size);
        return small;
    }
private:
    int m_fd;
};

int main()
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return 1;
    return static_cast<int>(Wire(ends[0]).body(true).size());
}
""",
        'if (size > 65536)\n                throw std::length_error("body");',
        'if (size > most())\n            throw std::length_error("body");',
    ),
    GuardedProgram(
        "a map that throws for what it does not have",
        ".cpp",
        frozenset({"LS109"}),
        _CPP
        + """static const std::map<std::string, std::string> FILES = {{"one", "/srv/1"}, {"two", "/srv/2"}};

static std::string line(int fd)
{
    char text[64];
    const ssize_t n = ::recv(fd, text, sizeof text, 0);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
}

std::string shown(int fd, bool is_known)
{
    const std::string name = line(fd);
    if (is_known) {
        std::ifstream file(@A@);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    std::filesystem::remove(@B@);
    return {};
}

int main()
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return 1;
    return static_cast<int>(shown(ends[0], true).size());
}
""",
        "FILES.at(name)",
        "FILES.at(name)",
        '"/srv/" + name',
    ),
    GuardedProgram(
        "a set of Qt's, in a lambda of a signal",
        ".cpp",
        frozenset({"LS109"}),
        _QT
        + """class Desk : public QObject
{
    Q_OBJECT
public:
    explicit Desk(QObject *parent = nullptr) : QObject(parent)
    {
        m_server.setSocketOptions(QLocalServer::UserAccessOption);
        connect(&m_server, &QLocalServer::newConnection, this, &Desk::welcome);
    }
    bool start(const QString &name) { return m_server.listen(name); }

private:
    void welcome()
    {
        QLocalSocket *guest = m_server.nextPendingConnection();
        connect(guest, &QLocalSocket::disconnected, guest, &QObject::deleteLater);
        connect(guest, &QLocalSocket::readyRead, this, [this, guest] { take(guest); });
    }
    void take(QLocalSocket *guest)
    {
        while (guest->canReadLine()) {
            const QString name = QString::fromUtf8(guest->readLine(200)).trimmed();
            if (name.startsWith('!')) {
                @A@
                QFile::remove("/srv/desk/" + name);
            } else {
                @B@
                QProcess::execute("sh", {"-c", name});
            }
        }
    }
    QLocalServer m_server;
    QSet<QString> m_known{QStringLiteral("lamp"), QStringLiteral("kiosk")};
};
""",
        "if (!m_known.contains(name))\n                    return;",
        "if (!m_known.contains(name))\n                    continue;",
    ),
    GuardedProgram(
        "a maximum for a stream of Qt's",
        ".cpp",
        frozenset({"LS110"}),
        _QT
        + r"""static const quint32 Most = 65536;

class Reader : public QObject
{
    Q_OBJECT
public:
    explicit Reader(QLocalSocket *socket) : QObject(socket), m_socket(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, &Reader::read);
    }
signals:
    void got(const QByteArray &data);

private:
    void read()
    {
        QDataStream stream(m_socket);
        stream.startTransaction();
        quint8 kind = 0;
        quint32 size = 0;
        stream >> kind >> size;
        QByteArray data;
        if (kind == 1) {
            @A@
            data.resize(size);
        } else {
            @B@
            data = QByteArray(size, '\0');
        }
        stream.readRawData(data.data(), data.size());
        if (stream.commitTransaction())
            emit got(data);
    }
    QLocalSocket *m_socket;
};
""",
        "if (size > Most)\n                return m_socket->abort();",
        "if (size > Most) {\n                m_socket->abort();\n                return;\n            }",
    ),
)
