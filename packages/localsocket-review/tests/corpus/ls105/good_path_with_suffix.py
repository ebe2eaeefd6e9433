import socket
from pathlib import Path

FOLDER = Path("/run") / "player"


def call(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(FOLDER.joinpath(name).with_suffix(".ctl")))
        client.sendall(b"next\n")
