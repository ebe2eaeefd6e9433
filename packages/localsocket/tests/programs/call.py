"""Connect to an address, as another user if so told, and tell what came of it: the greeting, or the error."""

from __future__ import annotations

import argparse
import json

from common import become, tell

from localsocket import ANY_USER, SAME_USER, connect
from localsocket.errors import LocalSocketError


def call(address: str, *, trusts_any_server: bool) -> object:
    try:
        with connect(address, timeout=60, allow_server=ANY_USER if trusts_any_server else SAME_USER) as socket:
            greeting: object = json.loads(socket.read_line(timeout=60))
            return greeting
    except (LocalSocketError, ValueError) as error:
        return {"failed": type(error).__name__, "message": str(error)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--any-server", action="store_true")
    options = parser.parse_args()
    if options.uid is not None:
        become(options.uid)
    tell(call(options.address, trusts_any_server=options.any_server))


if __name__ == "__main__":
    main()
