import configparser
import dataclasses
import os
import socket

DEFAULTS = {"door": "/run/kiosk-a", "mode": 0o600}


class Choice:
    fallback = None


class Door(Choice):
    fallback = "/run/kiosk-b"


@dataclasses.dataclass
class Kiosk:
    door: str = "/run/kiosk-c"


def chosen(choice, given):
    return given.get("door", choice.fallback)


def from_dictionary():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(DEFAULTS["door"])


def from_class(given):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(chosen(Door, given))


def from_record(given):
    kiosk = Kiosk(**given)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(kiosk.door)


def from_environment():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(os.environ.get("KIOSK_DOOR", "/run/kiosk-d"))


def from_file(parser: configparser.ConfigParser):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(parser.get("kiosk", "door", fallback="/run/kiosk-e"))


def from_both(given):
    settings = {**DEFAULTS, **given}
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(settings["door"])


def from_attribute(options):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(getattr(options, "door", "/run/kiosk-f"))
