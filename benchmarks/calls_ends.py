"""One row by one library: `calls_ends.py sequential|inflight --peer NAME ...`, with a server process for it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from typing import NoReturn

from calls_loops import CallLog
from calls_peers import PEERS, Peer, peer_named
from calls_peers.ends import Skipped
from calls_rows import IN_FLIGHT
from localsocket.tools.echo_server import server_process
from localsocket.tools.machine import machine_facts


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure one row by one library, and print it as JSON.")
    parser.add_argument("test", choices=["sequential", "inflight"])
    parser.add_argument("--peer", choices=[peer.name for peer in PEERS], required=True)
    parser.add_argument("--argument-bytes", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--serve", metavar="PATH", help="be the server there, until the input ends")
    return parser.parse_args()


def serve(peer: Peer, asked: argparse.Namespace) -> NoReturn:
    threading.Thread(target=end_with_input, daemon=True).start()
    peer.open(asked.argument_bytes).serve(asked.serve, asked.test, lambda: print("ready", flush=True))


def end_with_input() -> None:
    """End the process, whatever threads and loops the library runs in it."""
    sys.stdin.buffer.read()
    os._exit(0)


def call(peer: Peer, asked: argparse.Namespace) -> Mapping[str, float | str]:
    """Return the figures, or why there are none."""
    ends = peer.open(asked.argument_bytes)
    log = CallLog(asked.argument_bytes, asked.seconds)
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/socket"
        size = str(asked.argument_bytes)
        server = [sys.executable, __file__, asked.test, "--peer", peer.name, "--argument-bytes", size, "--serve", path]
        with server_process(server):
            try:
                if asked.test == "sequential":
                    ends.sequential(path, log)
                else:
                    ends.in_flight(path, log, IN_FLIGHT)
            except Skipped as reason:
                return {"skipped": str(reason)}
    return log.figures()


def main() -> None:
    asked = parse_arguments()
    peer = peer_named(asked.peer)
    if asked.serve:
        serve(peer, asked)
    row = {"test": asked.test, "server": "process", "connections": 1, "chunk_bytes": asked.argument_bytes}
    figures = call(peer, asked)
    print(json.dumps({"machine": {**machine_facts(), **peer.versions}, "rows": [{**row, **figures}]}))


if __name__ == "__main__":
    main()
