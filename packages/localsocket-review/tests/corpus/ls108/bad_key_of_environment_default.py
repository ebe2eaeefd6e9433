import os
from multiprocessing.connection import Listener

SECRET = os.environ.get("BAKERY_KEY", "flour").encode()


def serve(path: str) -> None:
    with Listener(path, family="AF_UNIX", authkey=SECRET) as listener:  # expect: LS108
        while True:
            with listener.accept() as oven:
                oven.send("warm")
