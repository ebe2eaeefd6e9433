"""Repairs: what becomes of a program, that the finding is gone, and that nothing else has changed."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from command_line import run
from localsocket_review.cli.fixing import Changed, write
from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.repairing import Repaired, repaired
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files
from localsocket_review.repairs.table import MECHANISMS, Mechanism
from localsocket_review.report.report import Report
from localsocket_review.reviewer import Reading, review
from localsocket_review.rules import all_rules

# By name: the file and what stands in it. `{+…+}` is what the repair writes, `[-…-]` what it takes away.
CASES = {
    "a local socket made without close-on-exec": (
        "a.c",
        """\
        #include <sys/socket.h>
        #include <unistd.h>

        int begin(void) {
            int fd = socket(AF_UNIX, SOCK_STREAM{+ | SOCK_CLOEXEC+}, 0); /* the door */
            execl("/usr/bin/helper", "helper", (char *)0);
            return fd;
        }
        """,
    ),
    "accept() becomes accept4(), which asks for the extensions": (
        "a.c",
        """\
        {+#define _GNU_SOURCE
        +}#include <sys/socket.h>
        #include <sys/un.h>
        #include <unistd.h>

        int begin(int fd) {
            struct sockaddr_un address = {.sun_family = AF_UNIX};
            bind(fd, (struct sockaddr *)&address, sizeof address);
            int peer = accept{+4+}(fd, 0, 0{+, SOCK_CLOEXEC+});
            execl("/usr/bin/helper", "helper", (char *)0);
            return peer;
        }
        """,
    ),
    "a result of send() that nobody looks at": (
        "a.py",
        """\
        import socket


        def ask(path, question):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            sock.send{+all+}(question)  # as it is
            return sock
        """,
    ),
    "an import that nothing uses": (
        "a.py",
        """\
        [-import json
        -]import socket
        from os import (
        [-    path,
        -]    getuid,
        )


        def ask(name):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(f"{name}-{getuid()}")
            return sock
        """,
    ),
    "an include that nothing uses": (
        "a.cpp",
        """\
        #include <sys/socket.h>
        [-#include <sys/un.h>
        -]
        int door(const char *name) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, name ? 0 : 1); }
        """,
    ),
    "a mode that lets everybody in, in Python": (
        "a.py",
        """\
        import os
        import socket


        def begin(path):
            server = socket.socket(socket.AF_UNIX)
            server.bind(path)
            os.chmod(path, [-0o666-]{+0o600+})
            return server
        """,
    ),
    "a mode that lets everybody in, in C": (
        "a.c",
        """\
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/un.h>

        int begin(int fd, const struct sockaddr_un *address) {
            bind(fd, (const struct sockaddr *)address, sizeof *address);
            return chmod(address->sun_path, [-0777-]{+0700+});
        }
        """,
    ),
    "a class with signals and without Q_OBJECT": (
        "a.h",
        """\
        #include <QObject>

        class Door : public QObject {{+
            Q_OBJECT+}
        public:
            int width() const { return 1; }
        signals:
            void opened();
        };
        """,
    ),
    "a struct keeps its members public": (
        "a.h",
        """\
        #include <QObject>

        struct Door : QObject {{+
            Q_OBJECT
        public:+}
            int width = 1;
        signals:
            void opened();
        };
        """,
    ),
    "a method that overrides and a constructor that converts": (
        "a.h",
        """\
        #include <QLocalSocket>

        QLocalSocket *open_door();

        class Base {
        public:
            virtual ~Base() = default;
            virtual int size() const { return 0; }
            virtual void stop() = 0;
        };

        class Derived : public Base {
        public:
            {+explicit +}Derived(int size) : m_size(size) {}
            int size() const{+ override+} { return m_size; }
            void stop(){+ override+};

        private:
            int m_size = 0;
        };
        """,
    ),
    "a lambda that uses this object": (
        "a.cpp",
        """\
        #include <QLocalSocket>

        class Client : public QObject {
            Q_OBJECT
        public:
            explicit Client(QLocalSocket *socket) : m_socket(socket) {
                connect(m_socket, &QLocalSocket::readyRead, {+this, +}[this] { m_total += m_socket->size(); });
            }

        private:
            QLocalSocket *m_socket = nullptr;
            qint64 m_total = 0;
        };
        """,
    ),
    "recv() of a connection without a key": (
        "a.py",
        """\
        from multiprocessing.connection import Listener


        def serve(path):
            with Listener(path, "AF_UNIX") as listener, listener.accept() as connection:
                return connection.recv{+_bytes+}().decode()
        """,
    ),
    "strncpy() that may fill sun_path to its end": (
        "a.c",
        """\
        #include <string.h>
        #include <sys/socket.h>
        #include <sys/un.h>

        int begin(int fd, const char *name) {
            struct sockaddr_un address;
            memset(&address, 0, sizeof address);
            address.sun_family = AF_UNIX;
            strncpy(address.sun_path, name, sizeof address.sun_path{+ - 1+});
            return connect(fd, (struct sockaddr *)&address, sizeof address);
        }
        """,
    ),
}


def _both(marked: str) -> tuple[str, str]:
    """Return what stands in the file, and what is wanted there."""
    text = dedent(marked)
    before = re.sub(r"\[-|-\]", "", re.sub(r"\{\+.*?\+\}", "", text, flags=re.DOTALL))
    after = re.sub(r"\{\+|\+\}", "", re.sub(r"\[-.*?-\]", "", text, flags=re.DOTALL))
    return before, after


def repair(folder: Path) -> Repaired:
    reading = Reading((folder,), tuple(all_rules()))
    files = sorted(one for one in folder.iterdir() if one.is_file())

    def review_drafts(drafts: Mapping[str, bytes]) -> Report:
        return reading.review(files, drafts)

    return repaired(review_drafts({}).findings, review_drafts)


@pytest.mark.parametrize("name", CASES)
def test_a_repair_writes_what_is_missing_and_leaves_the_rest(name: str, tmp_path: Path) -> None:
    file, marked = CASES[name]
    before, after = _both(marked)
    (tmp_path / file).write_text(before)

    done = repair(tmp_path)

    assert done.contents[str(tmp_path / file)].decode() == after
    assert not done.refused


@pytest.mark.parametrize("name", CASES)
def test_what_is_repaired_is_not_found_again_and_nothing_is_left_to_repair(name: str, tmp_path: Path) -> None:
    file, marked = CASES[name]
    (tmp_path / file).write_text(_both(marked)[0])
    rules = {one.finding.rule for one in repair(tmp_path).made}

    (tmp_path / file).write_text(_both(marked)[1])

    assert rules.isdisjoint(finding.rule for finding in review([tmp_path]).findings)
    assert not repair(tmp_path).contents


@pytest.mark.parametrize("name", [name for name, (file, _) in CASES.items() if file.endswith(".py")])
def test_repaired_python_can_be_parsed(name: str) -> None:
    ast.parse(_both(CASES[name][1])[1])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc to compile what was repaired")
@pytest.mark.parametrize("name", [name for name, (file, _) in CASES.items() if file.endswith(".c")])
def test_repaired_c_is_compiled_without_a_warning(name: str, tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text(
        _both(CASES[name][1])[1].replace("#include <unistd.h>", "#include <unistd.h>\n#include <sys/un.h>")
    )

    done = subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Wextra", "-fsyntax-only", source], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


LEFT_ALONE = {
    "a socket that never waits": (
        "a.py",
        """\
        import socket


        def ask(path, question):
            sock = socket.socket(socket.AF_UNIX)
            sock.setblocking(False)
            sock.connect(path)
            sock.send(question)
            return sock
        """,
        "LS207",
    ),
    "a socket for a group that the program chose": (
        "a.py",
        """\
        import os
        import shutil
        import socket


        def serve(path):
            server = socket.socket(socket.AF_UNIX)
            server.bind(path)
            shutil.chown(path, group="operators")
            os.chmod(path, 0o770)
            server.listen()
            return server
        """,
        "LS101",
    ),
    "an import that a block consists of": (
        "a.py",
        """\
        import socket


        def ask(path):
            if path:
                import json
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            return sock
        """,
        "LS403",
    ),
    "an import that a comment belongs to": (
        "a.py",
        """\
        import json  # for those who copy this
        import socket


        def ask(path):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            return sock
        """,
        "LS403",
    ),
    "a class in a file that moc does not read": (
        "a.cpp",
        """\
        #include <QObject>

        class Door : public QObject {
        signals:
            void opened();
        };
        """,
        "LS401",
    ),
    "a lambda that uses a thread object, which lives in another thread than it runs": (
        "a.cpp",
        """\
        #include <QLocalSocket>
        #include <QThread>

        class Reader : public QThread {
            Q_OBJECT
        public:
            explicit Reader(QLocalSocket *socket) : m_socket(socket) {
                connect(m_socket, &QLocalSocket::readyRead, [this] { m_total += m_socket->size(); });
            }

        private:
            QLocalSocket *m_socket = nullptr;
            qint64 m_total = 0;
        };
        """,
        "LS204",
    ),
    "an address that is not zeroed": (
        "a.c",
        """\
        #include <string.h>
        #include <sys/socket.h>
        #include <sys/un.h>

        int begin(int fd, const char *name) {
            struct sockaddr_un address;
            address.sun_family = AF_UNIX;
            strncpy(address.sun_path, name, sizeof address.sun_path);
            return connect(fd, (struct sockaddr *)&address, sizeof address);
        }
        """,
        "LS111",
    ),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_needs_thought_is_told_and_left_as_it_is(name: str, tmp_path: Path) -> None:
    file, text, rule = LEFT_ALONE[name]
    (tmp_path / file).write_text(dedent(text))

    assert rule in {finding.rule for finding in review([tmp_path]).findings}
    assert not any(one.finding.rule == rule for one in repair(tmp_path).made)


def test_line_ends_of_windows_stay(tmp_path: Path) -> None:
    before, after = _both(CASES["a class with signals and without Q_OBJECT"][1])
    (tmp_path / "a.h").write_bytes(before.replace("\n", "\r\n").encode())

    done = repair(tmp_path)

    assert done.contents[str(tmp_path / "a.h")] == after.replace("\n", "\r\n").encode()


def test_a_file_in_another_encoding_is_left_as_it_is(tmp_path: Path) -> None:
    before, _ = _both(CASES["a result of send() that nobody looks at"][1])
    (tmp_path / "a.py").write_bytes(f"# coding: latin-1\n# caf\xe9\n{before}".encode("latin-1"))

    assert not repair(tmp_path).contents


def test_a_repair_after_which_more_is_found_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = _both(CASES["a result of send() that nobody looks at"][1])
    (tmp_path / "a.py").write_text(before)

    def spoiled(finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
        yield Edit(place.file, 0, 0, b"import json\n")

    monkeypatch.setitem(MECHANISMS, "LS207", Mechanism("spoils", spoiled))
    done = repair(tmp_path)

    assert [one.finding.rule for one in done.refused] == ["LS207"]
    assert not done.contents


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def careless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ask.py"
    path.write_text(_both(CASES["a result of send() that nobody looks at"][1])[0])
    path.chmod(0o640)
    return path


def test_fix_writes_the_file_with_its_mode_and_reviews_again(careless: Path) -> None:
    done = run("ask.py", "--fix", "--no-cache", "--isolated")

    assert careless.read_text() == _both(CASES["a result of send() that nobody looks at"][1])[1]
    assert careless.stat().st_mode & 0o777 == 0o640
    assert "LS207" in done.complaints
    assert "LS207" not in done.output
    assert done.status == 0
    assert [one.name for one in careless.parent.iterdir()] == ["ask.py"]


@pytest.mark.long
def test_fix_diff_shows_a_patch_that_applies_and_writes_nothing(careless: Path) -> None:
    before = careless.read_bytes()

    done = run("ask.py", "--fix", "--diff", "--no-cache", "--isolated")

    assert done.status == 1
    assert careless.read_bytes() == before
    subprocess.run(["git", "apply", "-"], input=done.output, text=True, check=True, cwd=careless.parent)
    assert careless.read_text() == _both(CASES["a result of send() that nobody looks at"][1])[1]
    assert run("ask.py", "--fix", "--diff", "--no-cache", "--isolated") == (0, "", "")


def test_fix_does_not_write_over_what_somebody_else_has_written_meanwhile(careless: Path) -> None:
    reading = Reading((careless,), tuple(all_rules()))
    done = repaired(review([careless]).findings, lambda drafts: reading.review([careless], drafts))
    careless.write_text("somebody else's")

    with pytest.raises(Changed):
        write(done)

    assert careless.read_text() == "somebody else's"
