import hashlib
import multiprocessing
import os
from multiprocessing.connection import Client, Listener
from multiprocessing.managers import BaseManager

SECRET = "correct horse"
KEY = hashlib.sha256(SECRET.encode()).digest()


class Tasks(BaseManager):
    pass


def listen(path):
    return Listener(address=path, authkey=SECRET.encode())  # expect: LS108


def call(path, key=os.environ.get("BUS_KEY", "changeme")):
    return Client(path, "AF_UNIX", key.encode())  # expect: LS108


def call_derived(path):
    return Client(path, authkey=KEY)  # expect: LS108


def manage(path):
    multiprocessing.current_process().authkey = b"everybody"  # expect: LS108
    manager = Tasks(address=path, authkey=b"tasks")  # expect: LS107, LS108
    manager.connect()
    return manager
