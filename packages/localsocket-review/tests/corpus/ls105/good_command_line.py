import argparse
import os
import socket

import click


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--socket-path", default=f"{os.environ['XDG_RUNTIME_DIR']}/editor.sock")
    arguments = parser.parse_args()
    serve(arguments)


def serve(arguments):
    server = socket.socket(socket.AF_UNIX)
    server.bind(arguments.socket_path)
    server.listen()


@click.command()
@click.option("--path", default=os.path.join(os.environ["XDG_RUNTIME_DIR"], "editor"))
def call(path):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    client.sendall(b"stop\n")
    client.close()


main()
