import win32pipe
from win32pipe import PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE, PIPE_WAIT


def serve(name):
    return win32pipe.CreateNamedPipe(  # expect: LS116
        rf"\\.\pipe\{name}", PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_WAIT, 1, 65536, 65536, 0, None
    )
