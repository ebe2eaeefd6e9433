"""Python 2 and 3 have pickle under two names, and six under one."""

import socket

import six
from six.moves import cPickle as pickle


def ask(path: str) -> object:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    with connection.makefile("rb") as answers:
        return pickle.load(answers)  # expect: LS107


def ask_again(path: str) -> object:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    with connection.makefile("rb") as answers:
        return six.moves.cPickle.load(answers)  # expect: LS107
