import argparse
import socket

import click


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--socket-path", default="/tmp/editor.sock")
    arguments = parser.parse_args()
    serve(arguments)


def serve(arguments):
    server = socket.socket(socket.AF_UNIX)
    server.bind(arguments.socket_path)  # expect: LS102, LS105
    server.listen()


@click.command()
@click.option("--path", default="/var/tmp/editor")
def call(path):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)  # expect: LS105
    client.sendall(b"stop\n")
    client.close()


main()
