from PySide6.QtNetwork import QLocalServer


class Server(QLocalServer):
    def __init__(self):
        super().__init__()
        self.seen_descriptors = []

    def incomingConnection(self, descriptor):
        self.seen_descriptors.append(descriptor)

    def count_seen(self):
        return len(self.seen_descriptors)

    def forget_seen(self):
        self.seen_descriptors.clear()
