import array
import socket


def receive(line: socket.socket) -> tuple[bytes, list[int]]:
    numbers = array.array("i")
    data, extra, _, _ = line.recvmsg(1, socket.CMSG_LEN(4 * numbers.itemsize))  # expect: LS114
    for level, kind, body in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(body[: len(body) - len(body) % numbers.itemsize])
    return data, list(numbers)
