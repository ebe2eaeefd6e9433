from multiprocessing.connection import Listener
from pathlib import Path


def listen(key_file):
    return Listener("\0vault", authkey=Path(key_file).read_bytes())
