"""Listen as another user, without this library, and count what the first client sends before it hangs up."""

from __future__ import annotations

import argparse
import os
import socket

from common import become, tell, wait_for_end


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--uid", type=int, required=True)
    options = parser.parse_args()
    with socket.socket(socket.AF_UNIX) as server:
        become(options.uid)
        server.bind(options.path)
        os.chmod(options.path, 0o666)
        server.listen()
        tell({"listening": options.path})
        client, _ = server.accept()
        with client:
            count = 0
            while received := client.recv(65536):
                count += len(received)
        tell({"received": count})
        wait_for_end()
    os.unlink(options.path)


if __name__ == "__main__":
    main()
