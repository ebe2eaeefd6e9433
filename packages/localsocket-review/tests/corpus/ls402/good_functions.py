import socket


def open_server(path):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen()
    return server


def read_line(connection):
    return connection.makefile("rb").readline(4096)


def close_server(server):
    server.close()
