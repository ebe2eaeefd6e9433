"""For desktop programs with Qt: a service's client that never blocks and reports by signals, without a thread.

    from localsocket import qt

    client = qt.Client("demo.jobs", parent=window)
    client.call("start", "make").finished.connect(lambda job: print("job", job))
    client.subscribe("progress", int).received.connect(bar.setValue)

Works with PySide6, which is loaded only when the first client is made. Use a client, and the objects it returns, in the
thread in which you made the client; that thread's event loop drives them.
"""

from localsocket.qt.client import Calls, Client
from localsocket.qt.pending_call import PendingCall, Reply, Stream
from localsocket.qt.subscription import Subscription

__all__ = ["Calls", "Client", "PendingCall", "Reply", "Stream", "Subscription"]
