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
