import socket as sk
from pathlib import Path


class Door:
    def __init__(self, directory: Path) -> None:
        self._path = directory / "door"
        self._listener = sk.socket(sk.AF_UNIX)

    def start(self) -> None:
        self._listener.bind(str(self._path))
        self._narrow()
        self._listener.listen()

    def _narrow(self) -> None:
        self._path.chmod(0o600)  # expect: LS103
