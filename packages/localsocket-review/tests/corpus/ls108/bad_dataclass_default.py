import secrets
from dataclasses import dataclass, field
from multiprocessing.connection import Listener


@dataclass
class Place:
    address: str
    key: bytes = field(default=b"sesame")


def open_at(place: Place) -> Listener:
    return Listener(place.address, authkey=place.key)  # expect: LS108


print(secrets.token_hex(2), open_at(Place("/run/door")))
