import os
import socket


def door(address: str, given: int | None) -> socket.socket:
    server = socket.socket(socket.AF_UNIX) if given is None else socket.socket(fileno=given)
    if given is None:
        server.bind(address)
    name = server.getsockname()
    if name[0] != 0:
        os.fchmod(server.fileno(), 0o600)  # expect: LS103
    server.listen()
    return server
