"""Python 2 and 3 have pickle under two names, and six under one."""

import json
import socket

import six
from six.moves import cPickle as pickle


def ask(path: str) -> object:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    with connection.makefile("rb") as answers:
        return json.load(answers)


def remember(path: str) -> object:
    with open(path, "rb") as own:
        return pickle.load(own) or six.moves.cPickle.load(own)
