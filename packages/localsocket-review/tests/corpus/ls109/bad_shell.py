import os
import socket
import subprocess


def serve(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        command = connection.recv(1000).decode().strip()
        run(command)
        subprocess.run(["sh", "-c", f"echo {command}"], check=True)  # expect: LS109


def run(text: str) -> None:
    os.system("logger " + text)  # expect: LS109
