"""What LS103 says of the order of chmod, fchmod, umask, bind and listen: as bad as it is, in Python as in C."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket_review.findings import Severity
from localsocket_review.reviewer import review

STEPS = {
    "bind": ("server.bind(path)", "bind(fd, (struct sockaddr *)&address, sizeof address);"),
    "listen": ("server.listen()", "listen(fd, 4);"),
    "chmod": ("os.chmod(path, 0o600)", "chmod(path, 0600);"),
    "fchmod": ("os.fchmod(server.fileno(), 0o600)", "fchmod(fd, 0600);"),
    "narrow": ("old = os.umask(0o177)", "mode_t old = umask(0177);"),
    "put back": ("os.umask(old)", "umask(old);"),
}
PYTHON = """\
import os
import socket


def serve(path):
    server = socket.socket(socket.AF_UNIX{kind})
{steps}    return server
"""
C = """\
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int serve(const char *path)
{{
    struct sockaddr_un address = {{ .sun_family = AF_UNIX }};
    int fd = socket(AF_UNIX, {kind} | SOCK_CLOEXEC, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
{steps}    return fd;
}}
"""
ORDERS = {
    ("fchmod", "bind", "listen"): None,
    ("bind", "chmod", "listen"): Severity.NOTE,
    ("bind", "chmod"): Severity.NOTE,
    ("bind", "listen", "chmod"): Severity.MEDIUM,
    ("chmod", "bind", "listen"): Severity.MEDIUM,
    ("bind", "fchmod", "listen"): Severity.MEDIUM,
    ("narrow", "bind", "put back", "listen"): Severity.NOTE,
}


def severity_of(path: Path, text: str) -> Severity | None:
    path.write_text(text, encoding="utf-8")
    return max((one.severity for one in review([path]).findings if one.rule == "LS103"), default=None)


def in_python(order: tuple[str, ...], kind: str = "") -> str:
    return PYTHON.format(kind=kind, steps="".join(f"    {STEPS[step][0]}\n" for step in order))


def in_c(order: tuple[str, ...], kind: str = "SOCK_STREAM") -> str:
    return C.format(kind=kind, steps="".join(f"    {STEPS[step][1]}\n" for step in order))


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_an_order_is_as_bad_in_python_as_in_c(order: tuple[str, ...], tmp_path: Path) -> None:
    assert severity_of(tmp_path / "serve.py", in_python(order)) is ORDERS[order]
    assert severity_of(tmp_path / "serve.c", in_c(order)) is ORDERS[order]


def test_datagrams_need_no_listen(tmp_path: Path) -> None:
    order = ("bind", "chmod")
    assert severity_of(tmp_path / "serve.py", in_python(order, ", socket.SOCK_DGRAM")) is Severity.MEDIUM
    assert severity_of(tmp_path / "serve.c", in_c(order, "SOCK_DGRAM")) is Severity.MEDIUM
