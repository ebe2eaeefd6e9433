import io
import pickle
import socket


class Restricted(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) != ("builtins", "complex"):
            raise pickle.UnpicklingError(name)
        return complex


def take(connection: socket.socket) -> object:
    with connection.makefile("rb") as stream:
        return Restricted(io.BytesIO(stream.readline(1000))).load()
