import json
import pickle

from PySide6.QtCore import QByteArray, QDataStream
from PySide6.QtNetwork import QLocalSocket


def take(socket: QLocalSocket) -> object:
    stream = QDataStream(socket)
    block = QByteArray()
    stream.startTransaction()
    stream >> block
    if not stream.commitTransaction():
        return None
    return pickle.loads(block.data()) or json.loads("0")  # expect: LS107
