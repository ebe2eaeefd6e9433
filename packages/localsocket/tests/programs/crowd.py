"""Open many connections as another user, tell how many the server keeps, and hold them."""

from __future__ import annotations

import argparse
import resource
import socket

from common import become, tell, wait_for_end


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("count", type=int)
    parser.add_argument("--uid", type=int)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.uid is not None:
        become(options.uid)
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(options.count)]
    for sock in crowd:
        sock.connect(options.path)
    # Each is greeted or turned away, and either can be read.
    kept = sum(bool(sock.recv(1)) for sock in crowd)
    tell({"kept": kept, "turned away": len(crowd) - kept})
    wait_for_end()
    for sock in crowd:
        sock.close()


if __name__ == "__main__":
    main()
