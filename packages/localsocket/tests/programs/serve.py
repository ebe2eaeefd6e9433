"""Serve an address until the standard input ends, and tell each client which process serves it and who it is."""

from __future__ import annotations

import argparse
import json
import os
import resource

from common import become, tell, wait_for_end

from localsocket import ANY_USER, SAME_USER, EventSocket, Handler, ServerThread
from localsocket.errors import LocalSocketError


class Greeter(Handler):
    """Greets with one line of JSON, then echoes."""

    def connected(self, socket: EventSocket) -> None:
        peer = socket.peer
        greeting = {"server": os.getpid(), "pid": peer.pid, "uid": peer.uid, "gid": peer.gid}
        socket.write(json.dumps(greeting).encode() + b"\n")

    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--mode", type=lambda text: int(text, 8))
    parser.add_argument("--any-user", action="store_true")
    parser.add_argument("--descriptors", type=int, help="how many files this process may open")
    options = parser.parse_args()
    if options.descriptors is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (options.descriptors, options.descriptors))
    allow = ANY_USER if options.any_user else SAME_USER
    server = ServerThread(options.address, Greeter(), mode=options.mode, allow=allow)
    if options.uid is not None:
        become(options.uid)
    try:
        server.start()
    except (LocalSocketError, ValueError) as error:
        tell({"failed": type(error).__name__, "message": str(error)})
        return
    tell({"serving": server.address, "pid": os.getpid()})
    wait_for_end()
    server.stop()


if __name__ == "__main__":
    main()
