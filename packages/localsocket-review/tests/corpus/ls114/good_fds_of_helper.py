import array
import os
import socket


def receive(line: socket.socket) -> tuple[bytes, list[int]]:
    numbers = array.array("i")
    room = socket.CMSG_LEN(4 * numbers.itemsize)
    data, extra, flags, _ = line.recvmsg(1, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, body in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(body[: len(body) - len(body) % numbers.itemsize])
    if flags & socket.MSG_CTRUNC:
        for number in numbers:
            os.close(number)
        raise ValueError("more descriptors than there is room for")
    return data, list(numbers)
