import asyncio

import tornado.web
from tornado.netutil import bind_unix_socket


class Wait(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(3)
        self.write("waited")


def serve(server):
    server.add_socket(bind_unix_socket("/run/wait/wait.sock"))
