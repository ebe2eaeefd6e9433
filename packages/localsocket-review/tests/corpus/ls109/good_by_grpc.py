import os
from concurrent import futures

import grpc
import notes_pb2
import notes_pb2_grpc


class Notes(notes_pb2_grpc.NotesServicer):
    def Remove(self, request, context):
        os.remove("/var/lib/notes/" + os.path.basename(request.name))
        return notes_pb2.Done()


def serve():
    server = grpc.server(futures.ThreadPoolExecutor())
    notes_pb2_grpc.add_NotesServicer_to_server(Notes(), server)
    server.add_insecure_port("unix:/run/user/1000/notes.sock")
    server.start()
    server.wait_for_termination()
