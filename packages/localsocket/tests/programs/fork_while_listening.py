"""A server that is forked by another thread while it begins to listen; the child lives until the input ends."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from typing import Any

from common import tell, wait_for_end

from localsocket import listen

# A fork that waits for listen() cannot come before it is over.
PATIENCE = 1.0


def main() -> None:
    address = sys.argv[1]
    warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on, for a fork beside another thread
    real_rename = os.rename
    has_forked = threading.Event()

    def fork() -> None:
        if not os.fork():
            tell({"child": os.getpid()})
            wait_for_end()
            os._exit(0)
        has_forked.set()

    forking = threading.Thread(target=fork)

    def rename(*arguments: Any, **options: Any) -> None:
        forking.start()
        has_forked.wait(PATIENCE)
        real_rename(*arguments, **options)

    os.rename = rename
    with listen(address):
        forking.join()
        tell({"serving": address})
        wait_for_end()


if __name__ == "__main__":
    main()
