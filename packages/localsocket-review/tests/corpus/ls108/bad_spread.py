import os
from multiprocessing.connection import Client

OPTIONS = {"family": "AF_UNIX", "authkey": b"open sesame", "address": os.path.expanduser("~/.agent/door")}  # expect: LS108

with Client(**OPTIONS) as agent:
    agent.send_bytes(b"hello")
