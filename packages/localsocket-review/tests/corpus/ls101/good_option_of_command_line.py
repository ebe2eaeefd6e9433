import argparse
import os
import socket

parser = argparse.ArgumentParser()
parser.add_argument("path")
parser.add_argument("--access", type=int, default=0o600)
arguments = parser.parse_args()

server = socket.socket(socket.AF_UNIX)
os.fchmod(server.fileno(), arguments.access)
server.bind(arguments.path)
server.listen()
