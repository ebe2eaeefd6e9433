import _winapi
import ctypes

kernel32 = ctypes.windll.kernel32
FIRST = 0x80000


class Listener:
    def __init__(self, address):
        self.handle = _winapi.CreateNamedPipe(  # expect: LS116
            address, _winapi.PIPE_ACCESS_DUPLEX | FIRST, _winapi.PIPE_TYPE_MESSAGE, 1, 8192, 8192, 0, _winapi.NULL
        )


def serve(name):
    return kernel32.CreateNamedPipeW(name, 3, 4, 255, 4096, 4096, 0, None)  # expect: LS116
