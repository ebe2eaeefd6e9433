import os

import zmq
from zmq.eventloop.zmqstream import ZMQStream


def act(parts):
    os.system(parts[0].decode())  # expect: LS109


def serve(context):
    puller = context.socket(zmq.PULL)
    puller.bind("ipc:///run/user/1000/puller")
    stream = ZMQStream(puller)
    stream.on_recv(act)
