"""Open many connections as another user, tell how many the server keeps, and hold them."""

from __future__ import annotations

import argparse
import contextlib
import resource
import socket

from common import become, tell, wait_for_end


def was_kept(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(1))
    except ConnectionResetError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("count", type=int)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--speaks", action="store_true", help="to a server that says nothing by itself")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.uid is not None:
        become(options.uid)
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(options.count)]
    for sock in crowd:
        sock.connect(options.path)
    if options.speaks:
        for sock in crowd:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.send(b"x")
    # Each is greeted or turned away, and either can be read.
    kept = sum(was_kept(sock) for sock in crowd)
    tell({"kept": kept, "turned away": len(crowd) - kept})
    wait_for_end()
    for sock in crowd:
        sock.close()


if __name__ == "__main__":
    main()
