"""Call methods of a service, as another user if so told, and tell what came of each: its result, or the error."""

from __future__ import annotations

import argparse

from common import become, tell

from localsocket import ANY_USER, SAME_USER, Client
from localsocket.errors import LocalSocketError


def outcome(client: Client, method: str) -> object:
    try:
        result = client.call(method, timeout=60)
        return result if isinstance(result, int) else list(result)
    except LocalSocketError as error:
        return type(error).__name__


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--own-server-only", action="store_true")
    options = parser.parse_args()
    if options.uid is not None:
        become(options.uid)
    try:
        with Client(options.address, allow_server=SAME_USER if options.own_server_only else ANY_USER) as client:
            tell({method: outcome(client, method) for method in options.methods})
    except LocalSocketError as error:
        tell({"failed": type(error).__name__})


if __name__ == "__main__":
    main()
