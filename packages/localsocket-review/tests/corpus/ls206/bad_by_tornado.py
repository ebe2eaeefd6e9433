import time

import tornado.web
from tornado.netutil import bind_unix_socket


class Wait(tornado.web.RequestHandler):
    def get(self):
        time.sleep(3)  # expect: LS206
        self.write("waited")


def serve(server):
    server.add_socket(bind_unix_socket("/run/wait/wait.sock"))
