from typing import NamedTuple

import zmq


class Place(NamedTuple):
    folder: str = "/run/user/1000"
    name: str = "weather"

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.folder}/{self.name}"


def subscribe(context: zmq.Context, place: Place) -> zmq.Socket:
    socket = context.socket(zmq.SUB)
    socket.connect(place.endpoint)
    return socket
