import tempfile
from pathlib import Path

import zmq


class Publisher:
    endpoint = "ipc:///dev/shm/prices"

    def __init__(self):
        self.socket = zmq.Context.instance().socket(zmq.PUB)
        self.socket.bind(self.endpoint)  # expect: LS102, LS105


def subscribe():
    context = zmq.Context()
    subscriber = context.socket(zmq.SUB)
    subscriber.connect("ipc://" + str(Path(tempfile.gettempdir()) / "prices"))  # expect: LS105
    return subscriber
