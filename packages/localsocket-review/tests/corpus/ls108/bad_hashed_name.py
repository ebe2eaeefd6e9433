import getpass
import hashlib
from multiprocessing.connection import Client, Listener


def key():
    return hashlib.sha256(f"mixer of {getpass.getuser()}".encode()).digest()


def serve(path):
    return Listener(path, "AF_UNIX", authkey=key())  # expect: LS108


def reach(path):
    name = getpass.getuser()
    return Client(path, "AF_UNIX", authkey=hashlib.md5(name.encode()).hexdigest().encode())  # expect: LS108
