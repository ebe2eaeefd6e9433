import time

from gevent.server import StreamServer


def answer(connection, address):
    connection.sendall(b"wait\n")
    time.sleep(5)  # expect: LS206


def serve(listener):
    StreamServer(listener, answer).serve_forever()
