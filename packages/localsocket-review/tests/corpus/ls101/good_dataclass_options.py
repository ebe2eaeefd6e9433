from dataclasses import dataclass

from PySide6.QtNetwork import QLocalServer


@dataclass
class Options:
    name: str = "chat"
    access: QLocalServer.SocketOption = QLocalServer.SocketOption.UserAccessOption


def make_server(options: Options) -> QLocalServer:
    server = QLocalServer()
    server.setSocketOptions(options.access)
    if not server.listen(options.name):
        raise RuntimeError(server.errorString())
    return server


make_server(Options())
