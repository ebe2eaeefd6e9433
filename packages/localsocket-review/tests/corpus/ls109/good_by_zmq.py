import os

import zmq

context = zmq.Context()
replier = context.socket(zmq.REP)
replier.bind("ipc:///run/user/1000/replier")
while True:
    command = replier.recv_string()
    if command in ("start", "stop"):
        os.system(command)
    replier.send(b"")
