"""For desktop programs with Qt: a service's client that never waits, and tells by signals, without a thread.

    from localsocket import qt

    client = qt.Client("demo.jobs", parent=window)
    client.call("start", "make").finished.connect(lambda job: print("job", job))
    client.subscribe("progress", int).received.connect(bar.setValue)

Works with PySide6, which is not loaded before the first client is made. A client and what it gives are for the thread
in which the client was made, whose event loop runs.
"""

from localsocket.qt.client import Calls, Client
from localsocket.qt.pending_call import PendingCall, Reply, Stream
from localsocket.qt.subscription import Subscription

__all__ = ["Calls", "Client", "PendingCall", "Reply", "Stream", "Subscription"]
