from multiprocessing.connection import Listener
from multiprocessing.managers import SyncManager


def one_guest() -> bytes:
    with Listener() as door:
        with door.accept() as guest:
            return guest.recv_bytes(10)


def tables() -> SyncManager:
    return SyncManager()
