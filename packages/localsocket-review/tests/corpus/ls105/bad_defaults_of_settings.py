import configparser
import dataclasses
import os
import socket

DEFAULTS = {"door": "/tmp/kiosk-a", "mode": 0o600}


class Choice:
    fallback = None


class Door(Choice):
    fallback = "/tmp/kiosk-b"


@dataclasses.dataclass
class Kiosk:
    door: str = "/tmp/kiosk-c"


def chosen(choice, given):
    return given.get("door", choice.fallback)


def from_dictionary():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(DEFAULTS["door"])  # expect: LS105


def from_class(given):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(chosen(Door, given))  # expect: LS105


def from_record(given):
    kiosk = Kiosk(**given)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(kiosk.door)  # expect: LS105


def from_environment():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(os.environ.get("KIOSK_DOOR", "/tmp/kiosk-d"))  # expect: LS105


def from_file(parser: configparser.ConfigParser):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(parser.get("kiosk", "door", fallback="/tmp/kiosk-e"))  # expect: LS105


def from_both(given):
    settings = {**DEFAULTS, **given}
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(settings["door"])  # expect: LS105


def from_attribute(options):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(getattr(options, "door", "/tmp/kiosk-f"))  # expect: LS105
