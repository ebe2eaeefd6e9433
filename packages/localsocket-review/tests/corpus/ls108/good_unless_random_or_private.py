import secrets
from multiprocessing.connection import Listener
from multiprocessing.managers import SyncManager


def listen(path):
    key = secrets.token_bytes(32)
    return Listener(path, authkey=key), key


def listen_in_a_private_directory():
    return Listener()


def manage(path):
    manager = SyncManager(address=path)
    manager.start()
    return manager
