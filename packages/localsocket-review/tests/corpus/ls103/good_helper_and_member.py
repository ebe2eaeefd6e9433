import socket as sk
from pathlib import Path


class Door:
    def __init__(self, directory: Path) -> None:
        self._path = directory / "door"
        self._directory = directory
        self._listener = sk.socket(sk.AF_UNIX)

    def start(self) -> None:
        self._narrow()
        self._listener.bind(str(self._path))
        self._listener.listen()

    def _narrow(self) -> None:
        self._directory.chmod(0o700)
