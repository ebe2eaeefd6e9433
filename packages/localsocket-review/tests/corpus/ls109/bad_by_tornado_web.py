import subprocess

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket


class Run(tornado.web.RequestHandler):
    def post(self):
        subprocess.run(self.get_argument("command"), shell=True)  # expect: LS109


application = tornado.web.Application([("/run", Run)])
HTTPServer(application).add_socket(bind_unix_socket("/run/runner/http.sock"))
