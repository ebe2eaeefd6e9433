import json
import socket
import struct


def to_the_end(connection: socket.socket) -> object:
    pieces = []
    while piece := connection.recv(4096):
        pieces.append(piece)
    return json.loads(b"".join(pieces))


async def to_the_end_too(reader) -> object:
    return json.loads(await reader.read())


def measured(connection: socket.socket) -> int:
    data = connection.recv(4)
    if len(data) != 4:
        raise EOFError
    return int(data.decode())


def packets(path: str) -> object:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as packet:
        packet.connect(path)
        return json.loads(packet.recv(4096))


def datagrams(path: str) -> None:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.connect(path)
    if receiver.recv(100) == b"ready":
        print("ready")
    receiver.close()


def echo(connection: socket.socket) -> None:
    data = connection.recv(4096)
    while data != b"":
        connection.sendall(data)
        data = connection.recv(4096)
    print(struct.calcsize("!I"))
