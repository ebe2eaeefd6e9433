from PySide6.QtCore import QSharedMemory


class Board:
    def __init__(self, key):
        self.memory = QSharedMemory(key)

    def text(self):
        return bytes(self.memory.constData())  # expect: LS118
