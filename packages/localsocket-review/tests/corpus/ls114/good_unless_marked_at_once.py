import array
import os
import socket


def receive(connection: socket.socket, count: int):
    descriptors = array.array("i")
    data, control, flags, _ = connection.recvmsg(1, socket.CMSG_LEN(count * descriptors.itemsize))
    for level, kind, content in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    if flags & socket.MSG_CTRUNC:
        raise ConnectionError("descriptors were cut off")
    return data, list(descriptors)
