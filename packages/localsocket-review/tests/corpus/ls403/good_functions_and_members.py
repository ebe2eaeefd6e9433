import socketserver


def _greeting(name):
    return b"hello " + name


def banner():
    def width():
        return 72

    return b"=" * width()


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(banner() + _greeting(b"you"))
        self._seen = 0
        for line in self.rfile:
            self._seen += 1
            self.wfile.write(self._shout(line))

    def _shout(self, line):
        return line.upper() * self._seen
