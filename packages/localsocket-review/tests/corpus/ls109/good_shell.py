import os
import shlex
import socket
import subprocess


def serve(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        command = connection.recv(1000).decode().strip()
        run(command)
        subprocess.run(["echo", "--", command], check=True)


def run(text: str) -> None:
    os.system("logger " + shlex.quote(text))
