from typing import NamedTuple

import zmq


class Place(NamedTuple):
    folder: str = "/var/tmp"
    name: str = "weather"

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.folder}/{self.name}"


def subscribe(context: zmq.Context, place: Place) -> zmq.Socket:
    socket = context.socket(zmq.SUB)
    socket.connect(place.endpoint)  # expect: LS105
    return socket
