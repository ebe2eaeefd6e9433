import logging
import socket


def post(connection: socket.socket, text: bytes) -> None:
    connection.sendall(text)
    logging.info("%d bytes sent", len(text))
