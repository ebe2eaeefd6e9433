import subprocess

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket


class Run(tornado.web.RequestHandler):
    def post(self):
        command = self.get_argument("command")
        if command in ("start", "stop"):
            subprocess.run(command, shell=True)


application = tornado.web.Application([("/run", Run)])
HTTPServer(application).add_socket(bind_unix_socket("/run/runner/http.sock"))
