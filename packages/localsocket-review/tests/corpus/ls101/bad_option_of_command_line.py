import argparse
import os
import socket

parser = argparse.ArgumentParser()
parser.add_argument("path")
parser.add_argument("--access", type=int, default=0o622)
arguments = parser.parse_args()

server = socket.socket(socket.AF_UNIX)
os.fchmod(server.fileno(), arguments.access)  # expect: LS101
server.bind(arguments.path)
server.listen()
