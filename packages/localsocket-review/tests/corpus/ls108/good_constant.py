import hashlib
import multiprocessing
import os
import secrets
from multiprocessing.connection import Client, Listener
from multiprocessing.managers import BaseManager

KEY = hashlib.sha256(os.urandom(32)).digest()


class Tasks(BaseManager):
    pass


def listen(path):
    return Listener(address=path, authkey=KEY)


def call(path, key=os.environ["BUS_KEY"]):
    return Client(path, "AF_UNIX", key.encode())


def call_derived(path):
    with open(os.path.join(path, "key"), "rb") as file:
        return Client(path, authkey=file.read())


def manage(path):
    multiprocessing.current_process().authkey = secrets.token_bytes(32)
    manager = Tasks(address=path, authkey=multiprocessing.current_process().authkey)
    manager.connect()
    return manager
