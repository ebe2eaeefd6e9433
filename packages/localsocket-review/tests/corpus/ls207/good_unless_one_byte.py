import array
import socket


def hand_over(connection: socket.socket, descriptors):
    fds = array.array("i", descriptors)
    count = bytes([len(fds) % 256])
    connection.sendmsg([count], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])


class DatagramPeer:
    def __init__(self, peer):
        self.peer = peer
        self.peer.setblocking(False)

    def tell(self, item):
        self.peer.send(item)


class Session:
    def __init__(self, session):
        self.session = session

    def ask(self, stream, message):
        self.session.send(stream, message)
        return self.session.recv(stream, mode=0)
