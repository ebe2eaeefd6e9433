"""A system service that anybody may ask, and only root may change. systemd opens its socket and starts it when needed.

/etc/systemd/system/greeting.socket:

    [Socket]
    ListenStream=/run/greeting.sock
    SocketMode=0666

    [Install]
    WantedBy=sockets.target

/etc/systemd/system/greeting.service:

    [Service]
    Type=notify
    DynamicUser=yes
    ExecStart=/usr/bin/python3 /opt/greeting/system_service.py
    WatchdogSec=30
    Restart=on-failure

Then `systemctl enable --now greeting.socket`, and `localsocket call /run/greeting.sock greet --any-user`. To try it
without installing anything: `systemd-socket-activate --listen=/tmp/greeting.sock python examples/system_service.py`
"""

from __future__ import annotations

import os

import localsocket

service = localsocket.Service("demo.greeting", version="1.0", documentation="Greets whoever asks.", log_calls=True)
words = ["hello"]


@service.method(read_only=True)
def greet() -> str:
    """Greet the caller, whom the kernel names."""
    return f"{words[-1]}, user {localsocket.current_call().peer.uid}"


@service.method(allow=[0, os.getuid()])
def change(word: str) -> None:
    """Say another word from now on; for root, and for the user that this runs as."""
    words.append(word)


if __name__ == "__main__":
    # Serves the socket that systemd hands over, tells it READY=1 and WATCHDOG=1, and ends calls before it stops.
    localsocket.run(service, allow=localsocket.ANY_USER, drain=10, log_json=True)
