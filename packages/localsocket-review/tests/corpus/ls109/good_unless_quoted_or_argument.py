import shlex
import socket
import subprocess


def show(connection: socket.socket) -> None:
    with connection.makefile() as lines:
        title, text = lines.readline(80), lines.readline(800)
    subprocess.run("notify " + shlex.quote(title), shell=True, check=True)
    subprocess.run(["notify", "--text", text], check=True)
