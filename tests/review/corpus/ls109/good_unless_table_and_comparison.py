import os
import socket

ALLOWED = {"start", "stop"}
COMMANDS = {"up": "ip link set lo up"}


def serve(connection: socket.socket) -> None:
    word = connection.recv(10).decode()
    if word not in ALLOWED:
        return
    os.system(f"systemctl {word} demo")
    os.system(COMMANDS.get(word, "true"))
