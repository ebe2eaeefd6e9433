import _winapi
import ctypes

kernel32 = ctypes.windll.kernel32
FIRST = 0x80000
LOCAL_ONLY = 0x8


class Listener:
    def __init__(self, address, attributes):
        self.handle = _winapi.CreateNamedPipe(
            address,
            _winapi.PIPE_ACCESS_DUPLEX | FIRST,
            _winapi.PIPE_TYPE_MESSAGE | LOCAL_ONLY,
            1,
            8192,
            8192,
            0,
            attributes,
        )


def serve(name, attributes):
    return kernel32.CreateNamedPipeW(name, 3 | FIRST, 4 | 8, 255, 4096, 4096, 0, ctypes.byref(attributes))
