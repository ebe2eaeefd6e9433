"""Exchange a few bytes with an echo server, as another user if told to, and tell that it was done."""

from __future__ import annotations

import argparse

from common import become, tell

from localsocket import ANY_USER, connect

_PATIENCE = 60.0

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--uid", type=int)
    options = parser.parse_args()
    if options.uid is not None:
        become(options.uid)
    with connect(options.address, timeout=_PATIENCE, allow_server=ANY_USER) as socket:
        socket.write(b"good call", timeout=_PATIENCE)
        tell({"exchanged": socket.read_exactly(9, timeout=_PATIENCE) == b"good call"})
