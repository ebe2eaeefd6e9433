import os

from tornado.ioloop import IOLoop
from tornado.netutil import bind_unix_socket
from tornado.tcpserver import TCPServer


class Commands(TCPServer):
    async def handle_stream(self, stream, address):
        line = await stream.read_until(b"\n", max_bytes=1000)
        if line in (b"start\n", b"stop\n"):
            os.system(line.decode())
        await stream.write(b"done\n")


server = Commands()
server.add_socket(bind_unix_socket("/run/commands/commands.sock"))
IOLoop.current().start()
