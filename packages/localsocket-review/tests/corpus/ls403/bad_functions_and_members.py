import socketserver


def _greeting(name):  # expect: LS403
    return b"hello " + name


def banner():
    def width():
        return 72

    return b"=" * 72


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(banner())
        self._seen = 0  # expect: LS403
        for line in self.rfile:
            self.wfile.write(line)

    def _shout(self, line):
        return line.upper()
