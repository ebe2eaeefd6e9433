import asyncio


class Protocol(asyncio.Protocol):
    def __init__(self, parser):
        self.parser = parser

    def data_received(self, data):
        event = self.parser.receive_event(data)
        while event is not None:
            self.act(event)
            event = self.parser.next_event()

    def act(self, event):
        print(event)
