"""Leave in the midst of serving, in one of many ways: `leave.py plain|asyncio|function WAY`. Tells what stop() said."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time

from common import tell

import localsocket
from localsocket.serving import server_thread

NAME = "programs.leave"
FIRST_OF_OURS = 3


def nap(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


async def anything() -> None:
    """Makes the service one of asyncio."""


def nap_before_each(socket: localsocket.LocalSocket) -> None:
    while socket.read():
        time.sleep(1000)


def make_server(kind: str) -> localsocket.ServerThread:
    if kind == "function":
        return localsocket.ServerThread(NAME, nap_before_each)
    service = localsocket.Service("leave")
    service.method(nap)
    if kind == "asyncio":
        service.method(anything)
    return localsocket.ServerThread(NAME, service)


def hold_up(kind: str) -> object:
    """Have a function run that does not return, and wait until it does; return what keeps it wanted."""
    if kind == "function":
        socket = localsocket.connect(NAME)
        socket.write(b"nap")
        while not any(thread.name == f"localsocket {NAME}" for thread in threading.enumerate()):
            time.sleep(0.001)
        return socket
    client = localsocket.Client(NAME)
    client.call("nap", 0.0)
    napping = client.start("nap", 1000.0)
    client.call("nap", 0.0)  # which another thread does
    return client, napping


def stop(server: localsocket.ServerThread) -> None:
    try:
        server.stop(timeout=0.1)
    except Exception as error:
        tell({"stopped": server.stopped.is_set(), "error": type(error).__name__})
    else:
        tell({"stopped": server.stopped.is_set(), "error": server.error and type(server.error).__name__})


def main(kind: str, way: str) -> None:
    server = make_server(kind)
    server_thread.STOP_TIMEOUT = 0.1
    server.start()
    kept = hold_up(kind)
    if way == "stop":
        stop(server)
    elif way == "no-stop":
        tell("leaves")  # the socket file stays, as when it is killed
    elif way == "atexit":
        atexit.register(stop, server)
    elif way == "closerange":
        os.closerange(FIRST_OF_OURS, 256)
        stop(server)
    elif way == "interrupt":
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            stop(server)
    elif way == "main-ended":
        threading.Thread(target=go_on_alone, args=[kind, server]).start()
    del kept


def go_on_alone(kind: str, server: localsocket.ServerThread) -> None:
    threading.main_thread().join()
    hold_up(kind)
    stop(server)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
