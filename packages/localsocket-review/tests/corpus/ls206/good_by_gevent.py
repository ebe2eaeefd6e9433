import gevent

from gevent.server import StreamServer


def answer(connection, address):
    connection.sendall(b"wait\n")
    gevent.sleep(5)


def serve(listener):
    StreamServer(listener, answer).serve_forever()
