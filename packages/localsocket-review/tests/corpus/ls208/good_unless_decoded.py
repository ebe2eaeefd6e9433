"""What is decoded of nothing is nothing, however it is written."""

import socket


def all_lines(connection: socket.socket) -> str:
    whole, text = "", "..."
    while text != "":
        data = connection.recv(4096)
        text = bytes.decode(data).strip()
        whole += text
    return whole


def all_words(connection: socket.socket) -> str:
    whole = ""
    while True:
        text = str(connection.recv(4096), "utf-8")
        if not text:
            return whole
        whole += text
