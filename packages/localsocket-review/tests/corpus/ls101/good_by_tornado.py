from tornado.netutil import bind_unix_socket


def open_door(path):
    return bind_unix_socket(path, mode=0o600)
