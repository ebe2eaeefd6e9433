import asyncio
import os
import socketserver
import tempfile
import threading

from PySide6.QtNetwork import QLocalServer


def private_path():
    return os.path.join(tempfile.mkdtemp(), "sample.sock")


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def eof_received(self):
        return False

    def connection_lost(self, exc):
        self.transport = None

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.request.settimeout(2)

    def handle(self):
        self.request.sendall(b"hello\n")

    def finish(self):
        self.request.shutdown(1)


class Server(socketserver.UnixStreamServer):
    def verify_request(self, request, client_address):
        return True


class Worker(threading.Thread):
    def run(self):
        with Server(private_path(), Handler) as server:
            server.serve_forever()


class Window(QLocalServer):
    def incomingConnection(self, descriptor):
        self.close()

    def closeEvent(self, event):
        self.close()

    def timerEvent(self, event):
        self.close()


def test_it():
    asyncio.run(asyncio.get_event_loop().create_unix_server(Echo, private_path()))
    Worker().start()
    Window().setSocketOptions(QLocalServer.UserAccessOption)
