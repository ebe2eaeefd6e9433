"""Serve, or call, with large bodies in shared memory, and say so; to be killed in the midst of it."""

from __future__ import annotations

import argparse

from common import tell

from localsocket import Client, ServerThread, Service

SIZE = 200_000


def serve(address: str) -> None:
    service = Service("demo.shared")

    @service.method
    def echo(data: bytes) -> bytes:
        return data

    with ServerThread(address, service):
        tell("ready")
        input()


def call(address: str) -> None:
    with Client(address) as client:
        client.call("echo", bytes(SIZE))
        client.call("echo", bytes(SIZE))
        tell(client.stats().bytes_sent_by_memory)
        while True:
            client.call("echo", bytes(SIZE))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["serve", "call"])
    parser.add_argument("address")
    options = parser.parse_args()
    (serve if options.what == "serve" else call)(options.address)


if __name__ == "__main__":
    main()
