"""The programs that are compared: localsocket as it is installed, the others built on the spot."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from comparing import IN_PURE_PYTHON, SOURCES
from rounds import Program

_OURS = (sys.executable, str(SOURCES / "bytes_ends.py"))
OUR_PROGRAMS = (Program("localsocket", _OURS), Program("localsocket_pure", (*IN_PURE_PYTHON, *_OURS)))

C_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-pthread")
CXX_FLAGS = ("-std=c++17", "-O2", "-Wall", "-Wextra", "-pthread", "-fPIC")


class CannotBuild(Exception):
    """What is missing, and how to get it."""


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def require_tools() -> None:
    missing = [tool for tool in ("gcc", "g++", "pkg-config") if shutil.which(tool) is None]
    if "pkg-config" not in missing:
        query = subprocess.run(("pkg-config", "--exists", "Qt6Network"), check=False)
        missing += ["Qt6Network"] if query.returncode else []
    if missing:
        raise CannotBuild(
            f"not found: {', '.join(missing)}; on Debian and Ubuntu: apt-get install qt6-base-dev pkg-config g++"
        )
    if importlib.util.find_spec("localsocket") is None:
        raise CannotBuild("localsocket is not installed here: pip install -e '.[bench]'")


def compile_source(compiler: str, *arguments: str) -> None:
    try:
        output_of(compiler, *arguments)
    except subprocess.CalledProcessError as error:
        raise CannotBuild(f"{compiler} failed:\n{error.stderr}") from error


def build_programs(directory: Path) -> list[Program]:
    """Build the C and C++ programs in `directory` and return all that take part, ours first."""
    require_tools()
    shared = str(directory / "closed_loop.o")
    qt_flags = output_of("pkg-config", "--cflags", "--libs", "Qt6Network").split()
    qt_source = str(SOURCES / "qt_local_socket.cpp")
    qt, qt_flush, c_epoll = (str(directory / name) for name in ("qt", "qt_flush", "c_epoll"))
    compile_source("gcc", *C_FLAGS, "-c", str(SOURCES / "closed_loop.c"), "-o", shared)
    compile_source("gcc", *C_FLAGS, str(SOURCES / "epoll_echo.c"), shared, "-o", c_epoll)
    compile_source("g++", *CXX_FLAGS, qt_source, shared, *qt_flags, "-o", qt)
    flush_each_write = "-DFLUSH_EACH_WRITE=true"
    compile_source("g++", *CXX_FLAGS, flush_each_write, qt_source, shared, *qt_flags, "-o", qt_flush)
    return [
        *OUR_PROGRAMS,
        Program("qt", (qt,)),
        Program("qt_flush", (qt_flush,)),
        Program("c_epoll", (c_epoll,)),
    ]


def build_facts() -> dict[str, str]:
    return {
        "qt": output_of("pkg-config", "--modversion", "Qt6Network"),
        "compiler": "g++ " + output_of("g++", "-dumpfullversion"),
    }
