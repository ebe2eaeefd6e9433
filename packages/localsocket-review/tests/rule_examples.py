"""What stands around the examples of the rules, which leave out all but the defect: a program that the tool can judge.

`EXAMPLE` marks where the example goes, and how far it is indented.
"""

from __future__ import annotations

import re

from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_PYTHON = {
    "LS108": """\
from multiprocessing.connection import Listener

EXAMPLE
""",
    "LS110": """\
import socket
import struct

def take(connection: socket.socket):
    head = connection.recv(4)
    EXAMPLE
""",
    "LS112": """\
import os
import socket
import struct

def admit(connection: socket.socket):
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    EXAMPLE
""",
    "LS118": """\
import socket
from multiprocessing.shared_memory import SharedMemory

def show(connection: socket.socket):
    EXAMPLE
""",
    "LS201": """\
from PySide6.QtNetwork import QLocalServer

def start(server: QLocalServer):
    EXAMPLE
""",
    "LS203": """\
from PySide6.QtCore import QThread
from PySide6.QtNetwork import QLocalSocket

name = "clock"

class Reader(QThread):
    EXAMPLE
""",
    "LS208": """\
import asyncio

async def serve(reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter]):
    EXAMPLE
""",
    "LS209": """\
import asyncio

tasks = set()

async def accepted(reader, writer):
    EXAMPLE

async def run(path):
    async with await asyncio.start_unix_server(accepted, path) as server:
        await server.serve_forever()
""",
    "LS212": """\
import json
import socket

MOST = 4096

def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    EXAMPLE
""",
    "LS301": """\
import asyncio

async def serve(reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter]):
    async for line in reader:
        EXAMPLE
""",
    "LS403": """\
EXAMPLE
ask(socket.socket(socket.AF_UNIX))
""",
    "LS402": """\
import socket

server = socket.socket(socket.AF_UNIX)
EXAMPLE
""",
    "LS405": """\
import socket

EXAMPLE

serve(socket.socket(socket.AF_UNIX))
call(socket.socket(socket.AF_UNIX))
""",
}
_CPP = {
    "LS102": """\
#include <QLocalServer>

bool start(QObject *parent)
{
    QLocalServer server(parent);
    EXAMPLE
}
""",
    "LS103": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void open(int fd, sockaddr_un address)
{
    EXAMPLE
}
""",
    "LS105": """\
#include <QLocalServer>

void start()
{
    QLocalServer server;
    EXAMPLE
}
""",
    "LS106": """\
#include <QLocalServer>
#include <QLockFile>

int start(QLocalServer *server, QString name, QString lockPath)
{
    EXAMPLE
}
""",
    "LS110": """\
#include <QLocalSocket>
#include <QDataStream>

void take(QLocalSocket *socket, QByteArray buffer)
{
    QDataStream stream(socket);
    EXAMPLE
}
""",
    "LS111": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int start(int fd, const char *path)
{
    sockaddr_un address{};
    EXAMPLE
    return bind(fd, (sockaddr *)&address, sizeof address);
}
""",
    "LS112": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void admit(int fd, char path[64])
{
    ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return;
    EXAMPLE
}
""",
    "LS114": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void take(int fd, char *room, size_t size)
{
    msghdr message{};
    message.msg_control = room;
    message.msg_controllen = size;
    EXAMPLE
    cmsghdr *first = CMSG_FIRSTHDR(&message);
    if (first->cmsg_type == SCM_RIGHTS)
        keep(*(int *)CMSG_DATA(first));
}
""",
    "LS117": """\
#include <QLocalSocket>
#include <QList>

class Server : public QObject
{
    Q_OBJECT
public:
    void add(QLocalSocket *socket)
    {
        EXAMPLE
    }
    void tell()
    {
        for (QLocalSocket *one : m_clients)
            one->write("x");
    }
private:
    QList<QLocalSocket *> m_clients;
};
""",
    "LS118": """\
#include <QSharedMemory>

void show(char *buffer, int size)
{
    QSharedMemory memory("picture");
    EXAMPLE
}
""",
    "LS120": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define COUNT 4
void (*handlers[COUNT])(int);

void take(int client)
{
    char line[20];
    recv(client, line, sizeof line, MSG_WAITALL);
    EXAMPLE
}
""",
    "LS121": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct item { char name[32]; };

int take(int client)
{
    uint32_t head;
    recv(client, &head, sizeof head, MSG_WAITALL);
    EXAMPLE
}
""",
    "LS122": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void take(int client)
{
    char line[20];
    recv(client, line, sizeof line, MSG_WAITALL);
    EXAMPLE
}
""",
    "LS123": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int take(int fd)
{
    uint32_t size;
    char body[100];
    EXAMPLE
    return recv(fd, body, size, MSG_WAITALL) == size;
}
""",
    "LS124": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int start(int fd, char *directory)
{
    sockaddr_un address{};
    socklen_t size = sizeof address;
    EXAMPLE
}
""",
    "LS201": """\
#include <QLocalServer>

void start(QLocalServer *server)
{
    EXAMPLE
}
""",
    "LS203": """\
#include <QLocalSocket>
#include <QThread>

class Reader : public QThread
{
public:
    Reader();
    void run() override;
private:
    QLocalSocket *m_socket;
};

EXAMPLE
""",
    "LS207": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int tell(int server, const char *answer, size_t length)
{
    int client = accept(server, nullptr, nullptr);
    EXAMPLE
    return 0;
}
""",
    "LS208": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void take(int fd)
{
    char buffer[100];
    EXAMPLE
}
""",
    "LS211": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int call(sockaddr_un address)
{
    EXAMPLE
}
""",
    "LS212": """\
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct order { int kind; };

int take()
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct order order;
    EXAMPLE
}
""",
    "LS301": """\
#include <QLocalSocket>
#include <QList>

class Server : public QObject
{
    Q_OBJECT
    void tell(const QByteArray &line)
    {
        EXAMPLE
    }
    QList<QLocalSocket *> m_clients;
};
""",
    "LS302": """\
#include <QLocalSocket>

void take(QLocalSocket *socket, QByteArray &buffer)
{
    buffer += socket->readAll();
    qsizetype end, begin = 0;
    EXAMPLE
}
""",
    "LS303": """\
#include <QLocalSocket>

bool take(QLocalSocket *socket, int size, int timeout)
{
    EXAMPLE
    return true;
}
""",
    "LS403": """\
#include <sys/socket.h>

EXAMPLE
int main(void) { return ask(socket(AF_UNIX, SOCK_STREAM, 0)); }
""",
    "LS405": """\
#include <QLocalSocket>

class Reader : public QObject
{
    Q_OBJECT
public:
    explicit Reader(QLocalSocket *socket) { EXAMPLE }
public slots:
    void read();
};
""",
}


def program_of(rule: Rule, example: Example, code: str) -> str:
    """Return the whole program of which one half of an example is a part."""
    around = (_PYTHON if example.language is Language.PYTHON else _CPP).get(rule.id, "EXAMPLE")
    indent = re.search(r"([ ]*)EXAMPLE", around)
    assert indent is not None
    return around.replace("EXAMPLE", code.strip().replace("\n", f"\n{indent[1]}"))
