import socket


def load():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("/run/example/front")
        return connection.makefile("rb").readline(512).decode()


print(load())
