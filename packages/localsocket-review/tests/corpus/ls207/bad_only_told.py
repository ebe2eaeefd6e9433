import logging
import socket


def post(connection: socket.socket, text: bytes) -> None:
    count = connection.send(text)  # expect: LS207
    logging.info("%d bytes sent", count)
