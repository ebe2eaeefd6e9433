import asyncore
import os
import socket


class Kiosk(asyncore.dispatcher):
    def __init__(self, path):
        asyncore.dispatcher.__init__(self)
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) == 0:
                raise RuntimeError("the kiosk is open already")
        if os.path.exists(path):
            os.remove(path)
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.fchmod(self.socket.fileno(), 0o600)
        self.bind(path)
        self.listen(5)

    def handle_accepted(self, connection, address):
        connection.close()


Kiosk("/run/user/1000/kiosk")
asyncore.loop()
