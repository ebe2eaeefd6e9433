"""Processes that try without pause to own one name, and serve it when they do, until they are killed.

Prints {"won": pid} whenever one owns it. A process that is killed is not replaced. Ends with the standard input.
"""

from __future__ import annotations

import os
import signal
import sys

from common import tell, wait_for_end

from localsocket import listen
from localsocket.errors import NameTaken


def contend(address: str) -> None:
    while True:
        try:
            server = listen(address)
        except NameTaken:
            continue
        tell({"won": os.getpid()})
        for connection in server:
            with connection:
                connection.write(b"%d\n" % os.getpid())


def main() -> None:
    address, count = sys.argv[1], int(sys.argv[2])
    children = []
    gate, opener = os.pipe()
    for _ in range(count):
        child = os.fork()
        if not child:
            os.close(opener)
            os.read(gate, 1)  # until all are there
            contend(address)
        children.append(child)
    tell({"contenders": children})
    os.close(opener)
    wait_for_end()
    for child in children:
        os.kill(child, signal.SIGKILL)  # one that is dead already was not waited for, so the number is still its own
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "a contender ended by itself"


if __name__ == "__main__":
    main()
