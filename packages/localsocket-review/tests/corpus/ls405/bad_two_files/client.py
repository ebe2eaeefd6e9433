import socket


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect("run/editor.control")  # expect: LS405
    return client
