"""zenoh: a queryable that replies, and a querier; one peer at each end of a Unix socket, and no others looked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

import zenoh

from calls_loops import CallLog, one_by_one, pipelined
from calls_peers.ends import Ends, Test, wait_to_be_ended

KEY = "benchmark/echo"


class ZenohEnds(Ends):
    def serve(self, path: str, test: Test, ready: Callable[[], None]) -> NoReturn:
        with opened(listen=[f"unixsock-stream/{path}"]) as session:
            session.declare_queryable(KEY, answer)
            ready()
            wait_to_be_ended()

    def sequential(self, path: str, log: CallLog) -> None:
        with opened(connect=[f"unixsock-stream/{path}"]) as session:
            querier = session.declare_querier(KEY, congestion_control=zenoh.CongestionControl.BLOCK)
            one_by_one(lambda argument: echo_of(querier.get(payload=argument)), log)

    def in_flight(self, path: str, log: CallLog, count: int) -> None:
        with opened(connect=[f"unixsock-stream/{path}"]) as session:
            querier = session.declare_querier(KEY, congestion_control=zenoh.CongestionControl.BLOCK)
            pipelined(lambda argument: querier.get(payload=argument), echo_of, log, count)


def opened(listen: list[str] | None = None, connect: list[str] | None = None) -> zenoh.Session:
    """Return a session that is reached by its Unix socket alone: by default it listens on TCP, and looks around."""
    config = zenoh.Config()
    for option, value in {
        "mode": "peer",
        "listen/endpoints": listen or [],
        "connect/endpoints": connect or [],
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": False,
    }.items():
        config.insert_json5(option, json.dumps(value))
    return zenoh.open(config)


def answer(query: zenoh.Query) -> None:
    query.reply(KEY, query.payload.to_bytes() if query.payload else b"")


def echo_of(replies: zenoh.Handler[zenoh.Reply]) -> bytes:
    reply = replies.recv().ok
    if reply is None:
        raise RuntimeError("zenoh replied with an error")
    return reply.payload.to_bytes()
