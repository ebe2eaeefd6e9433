from multiprocessing.managers import BaseManager
from pathlib import Path


class Tasks(BaseManager):
    pass


def key():
    return Path("/etc/tasks/key").read_bytes()


def main():
    Tasks.register("pending", list)
    manager = Tasks(address="/run/tasks/manager", authkey=key())  # expect: LS107
    manager.get_server().serve_forever()


main()
