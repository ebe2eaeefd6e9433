"""Local servers and sockets for programs on one machine that talk to each other.

Names are loaded when they are first used: importing the package loads nothing else.
"""

TYPE_CHECKING = False  # as that of typing, which would be a third of what this import costs
if TYPE_CHECKING:
    from localsocket import aio as aio
    from localsocket import errors as errors
    from localsocket.blocking.children import Child as Child
    from localsocket.blocking.children import inherited as inherited
    from localsocket.blocking.children import serve_socket as serve_socket
    from localsocket.blocking.children import spawn as spawn
    from localsocket.blocking.client import Client as Client
    from localsocket.blocking.connect import adopt as adopt
    from localsocket.blocking.connect import connect as connect
    from localsocket.blocking.connect import pair as pair
    from localsocket.blocking.event_loop import EventLoop as EventLoop
    from localsocket.blocking.event_socket import EventSocket as EventSocket
    from localsocket.blocking.handler import Handler as Handler
    from localsocket.blocking.local_server import LocalServer as LocalServer
    from localsocket.blocking.local_server import listen as listen
    from localsocket.blocking.local_socket import LocalSocket as LocalSocket
    from localsocket.blocking.message_socket import MessageSocket as MessageSocket
    from localsocket.blocking.message_socket import connect_messages as connect_messages
    from localsocket.blocking.subscription import Subscription as Subscription
    from localsocket.endpoint.activation import activation_descriptors as activation_descriptors
    from localsocket.endpoint.address import parse_address as parse_address
    from localsocket.endpoint.credentials import ANY_USER as ANY_USER
    from localsocket.endpoint.credentials import SAME_USER as SAME_USER
    from localsocket.endpoint.credentials import PeerCredentials as PeerCredentials
    from localsocket.endpoint.daemon import Daemon as Daemon
    from localsocket.interfaces import Limits as Limits
    from localsocket.interfaces import SocketState as SocketState
    from localsocket.services.gap import Gap as Gap
    from localsocket.services.limits import CallLimits as CallLimits
    from localsocket.services.progress import Progress as Progress
    from localsocket.services.served_call import current_call as current_call
    from localsocket.services.service import Service as Service
    from localsocket.serving.running import run as run
    from localsocket.serving.server_thread import ServerThread as ServerThread
    from localsocket.serving.single_instance import SingleInstance as SingleInstance
    from localsocket.serving.single_instance import Start as Start
    from localsocket.values.codec import Codec as Codec
    from localsocket.values.descriptors import Fd as Fd

_HOME = {
    "ANY_USER": "endpoint.credentials",
    "CallLimits": "services.limits",
    "Child": "blocking.children",
    "Client": "blocking.client",
    "Codec": "values.codec",
    "Daemon": "endpoint.daemon",
    "EventLoop": "blocking.event_loop",
    "EventSocket": "blocking.event_socket",
    "Fd": "values.descriptors",
    "Gap": "services.gap",
    "Handler": "blocking.handler",
    "Limits": "interfaces",
    "LocalServer": "blocking.local_server",
    "LocalSocket": "blocking.local_socket",
    "MessageSocket": "blocking.message_socket",
    "PeerCredentials": "endpoint.credentials",
    "Progress": "services.progress",
    "SAME_USER": "endpoint.credentials",
    "ServerThread": "serving.server_thread",
    "Service": "services.service",
    "SingleInstance": "serving.single_instance",
    "SocketState": "interfaces",
    "Start": "serving.single_instance",
    "Subscription": "blocking.subscription",
    "adopt": "blocking.connect",
    "aio": "aio",
    "activation_descriptors": "endpoint.activation",
    "connect": "blocking.connect",
    "connect_messages": "blocking.message_socket",
    "current_call": "services.served_call",
    "errors": "errors",
    "inherited": "blocking.children",
    "listen": "blocking.local_server",
    "pair": "blocking.connect",
    "parse_address": "endpoint.address",
    "run": "serving.running",
    "serve_socket": "blocking.children",
    "spawn": "blocking.children",
}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if (home := _HOME.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"{__name__}.{home}")
    found: object = module if name == home else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
