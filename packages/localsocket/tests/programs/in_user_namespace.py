"""Serve, or connect, from a user namespace of its own, and tell what came of it.

The first process keeps its rights, to write the maps; a child does the rest, as user OWNER outside of the namespace.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
from pathlib import Path

from call import call
from common import become, tell, wait_for_end
from serve import Greeter

from localsocket import ANY_USER, SAME_USER, ServerThread
from localsocket.errors import LocalSocketError

OWNER = 40001
_CLONE_NEWUSER = 0x10000000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["serve", "call"])
    parser.add_argument("address")
    parser.add_argument("--map", default="", help="the uid and gid map, as in /proc/self/uid_map")
    parser.add_argument("--any-user", action="store_true")
    options = parser.parse_args()
    entered, told_entered = os.pipe()
    mapped, told_mapped = os.pipe()
    if child := os.fork():
        os.close(told_entered)
        if os.read(entered, 1):
            for kind in ("uid", "gid"):
                Path(f"/proc/{child}/{kind}_map").write_text(options.map)
            os.write(told_mapped, b"m")
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    become(OWNER)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER):
        tell({"impossible": os.strerror(ctypes.get_errno())})
        return
    os.write(told_entered, b"e")
    os.read(mapped, 1)
    if options.what == "call":
        tell({"uid": os.geteuid(), "answer": call(options.address, trusts_any_server=options.any_user)})
        return
    serve(options.address, any_user=options.any_user)


def serve(address: str, *, any_user: bool) -> None:
    try:
        with ServerThread(address, Greeter(), mode=0o666, allow=ANY_USER if any_user else SAME_USER):
            tell({"uid": os.geteuid(), "own": neighbour(address)})
            wait_for_end()
    except LocalSocketError as error:
        tell({"uid": os.geteuid(), "failed": type(error).__name__, "message": str(error)})


def neighbour(address: str) -> object:
    """Connect from another process of the same namespace."""
    reading, writing = os.pipe()
    if not os.fork():
        os.write(writing, json.dumps(call(address, trusts_any_server=False)).encode())
        os._exit(0)
    os.close(writing)
    answer = json.loads(os.read(reading, 65536))
    os.close(reading)
    os.wait()
    return answer


if __name__ == "__main__":
    main()
