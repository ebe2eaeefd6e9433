"""A service that is given its listening descriptor, and the part of the service manager that starts it.

With a descriptor as argument it is the manager: it puts the descriptor where a service looks for it, and becomes
the service. The service answers one client and ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from common import tell

from localsocket import LocalServer, activation_descriptors


def become_service(descriptor: int, arguments: list[str]) -> None:
    os.dup2(descriptor, 3, inheritable=True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="greeter")
    os.execv(sys.executable, [sys.executable, "-W", "error", __file__, *arguments])


def serve() -> None:
    descriptors = activation_descriptors()
    if not descriptors:
        tell({"descriptors": {}})
        return
    with LocalServer.adopt_descriptor(descriptors["greeter"]) as server:
        tell({"descriptors": descriptors, "address": server.address})
        with server.accept(timeout=60) as client:
            question = client.read_line(timeout=60).decode()
            client.write(json.dumps({"pid": os.getpid(), "asked": question}).encode() + b"\n")


def main() -> None:
    match sys.argv[1:]:
        case [descriptor, *arguments] if descriptor.isdecimal():
            become_service(int(descriptor), arguments)
        case ["--in-a-child"]:
            subprocess.run([sys.executable, "-W", "error", __file__], close_fds=False, check=True)
        case _:
            serve()


if __name__ == "__main__":
    main()
