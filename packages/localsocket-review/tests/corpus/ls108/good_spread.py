import os
from multiprocessing.connection import Client

OPTIONS = {"family": "AF_UNIX", "authkey": os.environb[b"KEY"], "address": os.path.expanduser("~/.agent/door")}

with Client(**OPTIONS) as agent:
    agent.send_bytes(b"hello")
