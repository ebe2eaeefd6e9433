from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket


def speak(connection: "socket") -> None:
    connection.sendall(b"hello")
