import socket
import sys


def ask(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(path)
        return shortened(client.makefile("rb").readline(4096))


def shortened(line):
    return line.strip()


def lengthened(line):  # expect: LS403
    return line + b"\n"


if __name__ == "__main__":
    print(ask(sys.argv[1]))
