import io
import multiprocessing
import pickle


def work(connection):
    connection.send(connection.recv() + 1)


def start():
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(theirs,))
    process.start()
    ours.send(1)
    print(ours.recv())
    process.join()


class Plain(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(name)


def parse(connection):
    return Plain(io.BytesIO(connection.recv_bytes(65536))).load()
