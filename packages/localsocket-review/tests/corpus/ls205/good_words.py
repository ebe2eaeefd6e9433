"""A line taken apart into words, and a read into lines, of which the last is kept until it is whole."""

import socket


def listed(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"list\n")
        with connection.makefile("r") as lines:
            return lines.readline(1024).split()


def settings(path):
    begun = ""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"settings\n")
        while text := connection.recv(1024).decode("ascii"):
            first, *others = text.split("\n")
            whole = [begun + first, *others]
            begun = whole.pop()
            for line in whole:
                yield line.partition("=")


class Fields:
    def __init__(self):
        self.begun = b""

    def feed(self, data):
        if self.begun:
            data = self.begun + data
        at = 0
        while (end := data.find(b"\n", at)) >= 0:
            yield words_of(data[at:end])
            at = end + 1
        self.begun = data[at:]


def words_of(line):
    return line.split(b" ")


def fields(path):
    reader = Fields()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        while data := connection.recv(1024):
            yield from reader.feed(data)
