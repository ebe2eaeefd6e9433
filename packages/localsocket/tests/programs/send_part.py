"""Connect, send the first part of a message, say so, and hold still until killed."""

from __future__ import annotations

import sys

from common import tell, wait_for_end

import localsocket


def main(address: str, count: int) -> None:
    with localsocket.connect(address) as socket:
        socket.write(b"x" * count)
        tell({"sent": count})
        wait_for_end()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
