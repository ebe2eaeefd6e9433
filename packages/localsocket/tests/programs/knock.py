"""Connect without this library, as another user if so told, and tell what the server sends, up to its first line."""

from __future__ import annotations

import argparse
import os
import socket

from common import become, tell


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--bound-to", help="the client's own path")
    parser.add_argument("--leave", action="store_true", help="be gone before anybody answers")
    options = parser.parse_args()
    address = options.address
    if options.uid is not None:
        become(options.uid)
    with socket.socket(socket.AF_UNIX) as sock:
        if options.bound_to:
            sock.bind(options.bound_to)
        try:
            sock.connect("\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:
            tell({"failed": type(error).__name__})
        else:
            if options.leave:
                sock.sendall(b"I was never here\n")
            else:
                tell({"received": sock.makefile("rb").readline().decode()})
    if options.bound_to:
        os.unlink(options.bound_to)
    if options.leave:
        tell({"left": os.getpid()})


if __name__ == "__main__":
    main()
