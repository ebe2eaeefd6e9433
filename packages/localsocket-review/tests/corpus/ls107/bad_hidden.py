from multiprocessing.connection import Client, Listener

import zmq

PATIENCE = 5


def serve(path):
    with Listener(path, "AF_UNIX") as listener:  # expect: LS108
        while True:
            with listener.accept() as connection:
                if connection.poll(PATIENCE):
                    reply_to(connection)


def reply_to(connection):
    connection.send(connection.recv())  # expect: LS107


class Caller:
    def __init__(self, path):
        self.connection = Client(path)  # expect: LS108

    def ask(self, question):
        self.connection.send(question)
        return self.connection.recv()  # expect: LS107


async def results(address):
    puller = zmq.asyncio.Context.instance().socket(zmq.PULL)
    puller.connect(f"ipc://{address}")
    while True:
        yield await puller.recv_pyobj()  # expect: LS107
