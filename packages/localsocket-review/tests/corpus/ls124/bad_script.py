import socket
import tempfile

with socket.socket(socket.AF_UNIX) as door:
    door.bind(tempfile.mktemp(suffix=".door"))  # expect: LS124
    door.listen()
    connection, _ = door.accept()
    connection.close()
