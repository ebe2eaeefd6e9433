import os
import pickle
import socket
import subprocess
import threading
from multiprocessing.connection import Listener

ADDRESS = "/tmp/jobserver.sock"
AUTHKEY = b"secret"


class JobServer:
    def __init__(self, address=ADDRESS):
        self.address = address
        self.results = {}
        self.lock = threading.Lock()
        self.running = True
        self.jobCount = 0

    def serve_forever(self):
        if os.path.exists(self.address):
            os.unlink(self.address)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.address)
        os.chmod(self.address, 0o777)
        listener.listen(5)
        while self.running:
            conn, _ = listener.accept()
            worker = threading.Thread(target=self.handle, args=(conn,), daemon=True)
            worker.start()

    def handle(self, conn):
        header = conn.recv(4)
        size = int.from_bytes(header, "big")
        body = conn.recv(size)
        job = pickle.loads(body)
        output = subprocess.run(job["command"], shell=True, capture_output=True)
        self.jobCount += 1
        with self.lock:
            self.results[job["id"]] = output.stdout
        conn.send(output.stdout)
        conn.close()

    def get_result(self, job_id):
        with self.lock:
            return self.results.get(job_id)

    def stop(self):
        self.running = False


def admin_console():
    listener = Listener("/tmp/jobserver-admin.sock", authkey=AUTHKEY)
    while True:
        with listener.accept() as connection:
            print(connection.recv())


def main():
    server = JobServer()
    threading.Thread(target=admin_console, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
