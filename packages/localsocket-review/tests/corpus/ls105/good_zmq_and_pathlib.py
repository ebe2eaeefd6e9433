import zmq

from platformdirs import user_runtime_dir


class Publisher:
    endpoint = f"ipc://{user_runtime_dir()}/prices"

    def __init__(self):
        self.socket = zmq.Context.instance().socket(zmq.PUB)
        self.socket.bind(self.endpoint)


def subscribe(directory):
    context = zmq.Context()
    subscriber = context.socket(zmq.SUB)
    subscriber.connect(f"ipc://{directory}/prices")
    return subscriber
