"""Compute service on multiprocessing.connection."""
import argparse
import pickle
import threading
from multiprocessing.connection import Client, Listener

ADDRESS = "/tmp/compute.sock"
AUTHKEY = b"change me"
LOCK = threading.Lock()
FUNCTIONS = {}
total_calls = 0


def exported(function):
    FUNCTIONS[function.__name__] = function
    return function


@exported
def add(a, b):
    return a + b


@exported
def mean(values):
    return sum(values) / len(values)


@exported
def longest(words, default=""):
    return max(words, key=len, default=default)


class Worker(threading.Thread):
    def __init__(self, conn, verbose=False):
        super().__init__(daemon=True)
        self.conn = conn
        self.verbose = verbose

    def run(self):
        global total_calls
        with self.conn:
            while True:
                try:
                    name, args = self.conn.recv()
                except EOFError:
                    return
                with LOCK:
                    total_calls += 1
                self.conn.send(self.compute(name, args))

    def compute(self, name, args):
        if self.verbose:
            print("call", name)
        try:
            return ("ok", FUNCTIONS[name](*args))
        except Exception as error:
            return ("error", repr(error))


def serve(verbose):
    with Listener(ADDRESS, family="AF_UNIX", backlog=8, authkey=AUTHKEY) as listener:
        while True:
            conn = listener.accept()
            Worker(conn, verbose).start()


def ask(name, *args):
    with Client(ADDRESS, family="AF_UNIX", authkey=AUTHKEY) as conn:
        conn.send((name, args))
        status, value = conn.recv()
    if status != "ok":
        raise RuntimeError(value)
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--ask", nargs="+", metavar="WORD")
    options = parser.parse_args()
    if options.ask:
        print(ask("longest", options.ask))
    else:
        serve(options.verbose)


if __name__ == "__main__":
    main()
