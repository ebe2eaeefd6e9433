from PySide6.QtCore import QDataStream
from PySide6.QtNetwork import QLocalSocket

LIMIT = 4096


def block(stream: QDataStream, socket: QLocalSocket) -> bytes | None:
    stream.startTransaction()
    size = stream.readUInt32()
    if size > LIMIT:
        socket.abort()
        return None
    data = stream.readRawData(size)
    return data if stream.commitTransaction() else None
