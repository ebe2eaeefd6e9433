import os
import socket

ALLOWED = {"start", "stop"}
COMMANDS = {"up": "ip link set lo up"}


def serve(connection: socket.socket) -> None:
    word = connection.recv(10, socket.MSG_WAITALL).decode().strip()
    if word not in ALLOWED:  # guard
        return  # guard
    os.system(f"systemctl {word} demo")
    os.system(COMMANDS.get(word, "true"))
