import os
import socket
import stat


def check(directory):
    st = os.lstat(directory)
    if st.st_uid != os.getuid() or st.st_mode & 0o077:
        raise PermissionError(directory)


def serve():
    directory = f"/tmp/app-{os.getuid()}"
    os.makedirs(directory, mode=0o700, exist_ok=True)
    check(directory)
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{directory}/control")
    server.listen()
    return server


def serve_at_length():
    directory = f"/tmp/app-{os.getuid()}"
    os.makedirs(directory, mode=0o700, exist_ok=True)
    st = os.lstat(directory)
    if st.st_uid != os.getuid() or stat.S_IMODE(st.st_mode) & 0o077 or not stat.S_ISDIR(st.st_mode):
        raise PermissionError(directory)
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{directory}/control")
    server.listen()
    return server
