from concurrent import futures

import grpc


def serve(add):
    server = grpc.server(futures.ThreadPoolExecutor())
    add(server)
    server.add_insecure_port("unix:/srv/notes/notes.sock")  # expect: LS102
    server.start()
