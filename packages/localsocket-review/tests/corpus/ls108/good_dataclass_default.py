import secrets
from dataclasses import dataclass, field
from multiprocessing.connection import Listener


@dataclass
class Place:
    address: str
    key: bytes = field(default_factory=secrets.token_bytes)


def open_at(place: Place) -> Listener:
    return Listener(place.address, authkey=place.key)


print(secrets.token_hex(2), open_at(Place("/run/door")))
