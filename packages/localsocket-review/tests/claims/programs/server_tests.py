from server import EchoServer


def test_start(tmp_path):
    server = EchoServer(str(tmp_path / "echo"))
    server.start()
    server.stop()
