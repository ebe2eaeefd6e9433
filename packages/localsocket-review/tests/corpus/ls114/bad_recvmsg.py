import array
import socket


def receive(connection: socket.socket, count: int):
    descriptors = array.array("i")
    data, control, flags, _ = connection.recvmsg(1, socket.CMSG_LEN(count * descriptors.itemsize))  # expect: LS114
    for level, kind, content in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return data, list(descriptors)
