from twisted.internet import protocol, reactor


class Slow(protocol.Protocol):
    def dataReceived(self, data):
        reactor.callLater(1, self.transport.write, data)


def serve(factory):
    reactor.listenUNIX("/run/slow/slow.sock", factory, mode=0o600)
    reactor.run()
