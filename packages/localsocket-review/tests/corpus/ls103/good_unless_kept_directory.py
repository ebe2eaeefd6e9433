import os
import socket
import tempfile

_kept = {}


def directory():
    kept = _kept.get("directory")
    if kept is None:
        kept = tempfile.mkdtemp(prefix="editor-")
        _kept["directory"] = kept
    return kept


def fresh_name():
    return tempfile.mktemp(prefix="worker-", dir=directory())


def serve():
    server = socket.socket(socket.AF_UNIX)
    name = fresh_name()
    server.bind(name)
    os.chmod(name, 0o600)
    return server
