import asyncore
import os
import socket


class Kiosk(asyncore.dispatcher):
    def __init__(self, path):
        asyncore.dispatcher.__init__(self)
        if os.path.exists(path):
            os.remove(path)  # expect: LS106
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.fchmod(self.socket.fileno(), 0o600)
        self.bind(path)
        self.listen(5)

    def handle_accepted(self, connection, address):
        connection.close()


Kiosk("/run/user/1000/kiosk")
asyncore.loop()
