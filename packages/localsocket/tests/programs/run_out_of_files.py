"""Serve with few descriptors, by hand, with a loop or with threads, and tell of each accept that found none left.

Clients get their bytes back. Ends when the standard input does.
"""

from __future__ import annotations

import errno
import logging
import resource
import sys
import threading
from contextlib import suppress

from common import tell, wait_for_end

from localsocket import EventSocket, Handler, LocalServer, LocalSocket, ServerThread, listen
from localsocket.errors import ClosedByUs, DeadlinePassed

FILES = 40


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


class Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell({"log": record.getMessage()})


def echo(socket: LocalSocket) -> None:
    while data := socket.read():
        socket.write(data)


def serve_by_hand(server: LocalServer) -> None:
    connections: list[LocalSocket] = []
    with suppress(ClosedByUs):
        while True:
            with suppress(DeadlinePassed):
                connections.append(server.accept(timeout=0.05))
            for connection in list(connections):
                connection.write_nowait(connection.read_available())
                if connection.is_at_end:
                    connections.remove(connection)
                    connection.close()
    for connection in connections:
        connection.abort()


def tell_of_exhaustion() -> None:
    note = LocalServer._note_exhaustion

    def note_and_tell(server: LocalServer, error: OSError) -> None:
        tell({"exhausted": errno.errorcode[error.errno or 0]})
        note(server, error)

    LocalServer._note_exhaustion = note_and_tell  # type: ignore[method-assign]


def main() -> None:
    face, address = sys.argv[1:]
    logging.getLogger("localsocket").addHandler(Teller())
    tell_of_exhaustion()
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with listen(address, backlog=100) as server:
        if face == "hand":
            thread = threading.Thread(target=serve_by_hand, args=[server])
            thread.start()
            tell({"serving": address})
            wait_for_end()
            server.close()
            thread.join()
        else:
            with ServerThread(server, Echo() if face == "loop" else echo):
                tell({"serving": address})
                wait_for_end()


if __name__ == "__main__":
    main()
