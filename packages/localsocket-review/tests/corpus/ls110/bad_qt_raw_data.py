from PySide6.QtCore import QDataStream
from PySide6.QtNetwork import QLocalSocket

LIMIT = 4096


def block(stream: QDataStream, socket: QLocalSocket) -> bytes | None:
    stream.startTransaction()
    size = stream.readUInt32()
    data = stream.readRawData(size)  # expect: LS110
    return data if stream.commitTransaction() and socket.isOpen() else None
