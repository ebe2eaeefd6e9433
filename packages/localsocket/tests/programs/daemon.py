"""A server that others start: it adds its pid to a file, waits for a fifo to be opened where one is named, and serves.

The arguments: the address, the file, and perhaps the fifo.
"""

from __future__ import annotations

import os
import sys

from localsocket import ServerThread, Service


def open_files() -> list[str]:
    paths = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return sorted(os.path.basename(os.readlink(path)) for path in paths if os.path.exists(path))


FILES = open_files()

service = Service("daemon")


@service.method
def pid() -> int:
    return os.getpid()


@service.method
def die() -> None:
    os.kill(os.getpid(), 9)


@service.method
def surroundings() -> dict[str, object]:
    """Tell what it has of its starter."""
    return {
        "directory": os.getcwd(),
        "session": os.getsid(0),
        "greeting": os.environ.get("GREETING"),
        "input": os.readlink("/proc/self/fd/0"),
        "files": FILES,
    }


def main() -> None:
    address, starts, *fifo = sys.argv[1:]
    with open(starts, "a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    if fifo:
        os.close(os.open(fifo[0], os.O_RDONLY))
    with ServerThread(address, service) as server:
        server.wait_stopped()


if __name__ == "__main__":
    main()
