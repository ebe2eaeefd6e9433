"""What docs/socket-permissions.md and LS103 say of modes is what this system does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="said of Linux alone")

# The umask belongs to the whole process, so each program is one of its own.
_BEGINNING = """
import os, socket, stat, sys
path = sys.argv[1]
os.umask(int(sys.argv[2], 8))
fd = (server := socket.socket(socket.AF_UNIX)).fileno()
"""
_END = """
print(oct(stat.S_IMODE(os.lstat(path).st_mode)))
"""


def mode_after(steps: str, path: Path, umask: str = "022") -> int:
    program = _BEGINNING + "\n".join(steps.split("; ")) + _END
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), umask], capture_output=True, text=True, check=True, timeout=60
    )
    return int(done.stdout, 8)


@pytest.mark.parametrize(("umask", "mode"), [("022", 0o755), ("000", 0o777), ("077", 0o700)])
def test_bind_gives_what_the_umask_leaves(tmp_path: Path, umask: str, mode: int) -> None:
    assert mode_after("server.bind(path)", tmp_path / "s", umask) == mode


@pytest.mark.parametrize(
    ("steps", "mode"),
    [
        ("open(path, 'w').close(); os.chmod(path, 0o600); os.unlink(path); server.bind(path)", 0o755),
        ("os.fchmod(fd, 0o600); server.bind(path)", 0o600),
        ("os.fchmod(fd, 0o666); server.bind(path)", 0o644),
        ("server.bind(path); os.fchmod(fd, 0o600)", 0o755),
        ("server.bind(path); os.chmod(path, 0o600)", 0o600),
        ("server.bind(path); os.umask(0o077)", 0o755),
        ("server.bind(path); server.listen()", 0o755),
        ("server.bind(path); server.listen(); os.fchmod(fd, 0o600)", 0o755),
    ],
)
def test_the_order_of_steps_decides_the_mode(tmp_path: Path, steps: str, mode: int) -> None:
    assert mode_after(steps, tmp_path / "s") == mode


def test_nobody_connects_before_listen(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        os.chmod(path, 0o777)
        with pytest.raises(ConnectionRefusedError):
            client.connect(path)
        server.listen()
        client.connect(path)


def test_a_new_socket_has_all_rights(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        assert os.fstat(server.fileno()).st_mode & 0o777 == 0o777
