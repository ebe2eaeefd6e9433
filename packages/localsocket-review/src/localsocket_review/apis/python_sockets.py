"""Python's own sockets: socket, asyncio and multiprocessing.connection."""

from __future__ import annotations

from localsocket_review.apis.meaning import Act, Api, api

_SERVE = Act.BIND | Act.LISTEN
_CHUNK = Act.RECEIVE | Act.CHUNK | Act.ENDS
_SOCKET = "socket.socket"
_READER, _WRITER = "asyncio.StreamReader", "asyncio.StreamWriter"
_CONNECTION = "multiprocessing.connection.Connection"
_LOOP = "asyncio.AbstractEventLoop"
_DESCRIPTOR = "socket.descriptor"  # what fileno() of a socket gives

APIS: tuple[Api, ...] = (
    api("socket.socket", Act.CONSTRUCT, _SOCKET),
    api("socket.fromfd", Act.CONSTRUCT, _SOCKET),
    api("socket.socketpair", Act.CONSTRUCT, (_SOCKET, _SOCKET)),
    api("socket.create_server", _SERVE, _SOCKET, endpoint=(0, "address")),
    api("socket.create_connection", Act.CONNECT, _SOCKET, endpoint=(0, "address")),
    api("socket.socket.bind", Act.BIND, endpoint=0, is_told_by_name=True),
    api("socket.socket.listen", Act.LISTEN),
    api("socket.socket.connect", Act.CONNECT | Act.WAIT, endpoint=0),
    api("socket.socket.connect_ex", Act.CONNECT | Act.WAIT, endpoint=0, reports=True, is_told_by_name=True),
    api("socket.socket.accept", Act.ACCEPT | Act.WAIT, (_SOCKET, "str")),
    api("socket.socket.recv", _CHUNK | Act.WAIT, "bytes", size=0, is_told_by_name=True),
    api("socket.socket.recvfrom", Act.RECEIVE | Act.WAIT, ("bytes", "str"), size=0, is_told_by_name=True),
    api("socket.socket.recvmsg", _CHUNK | Act.WAIT, ("bytes", "list"), size=0, is_told_by_name=True),
    api("socket.socket.recv_into", _CHUNK | Act.WAIT, "int", buffer=0, is_told_by_name=True),
    api("socket.socket.recvmsg_into", Act.RECEIVE | Act.WAIT, ("int", "list"), buffer=0, is_told_by_name=True),
    api("socket.socket.recvfrom_into", Act.RECEIVE | Act.WAIT, "int", buffer=0, is_told_by_name=True),
    api("socket.socket.send", Act.SEND | Act.SHORT | Act.WAIT, "int", data=0, reports=True),
    api("socket.socket.sendmsg", Act.SEND | Act.SHORT | Act.WAIT, "int", data=0, is_told_by_name=True),
    api("socket.socket.sendall", Act.SEND | Act.WAIT, data=0, is_told_by_name=True),
    api("socket.socket.sendto", Act.SEND | Act.WAIT, "int", data=0, is_told_by_name=True),
    api("socket.socket.makefile", Act.CONSTRUCT, "socket.SocketIO", is_told_by_name=True),
    api("socket.socket.getsockopt", Act.CHECK_PEER, "bytes", is_told_by_name=True),
    api("socket.socket.settimeout", Act.CONSTRUCT, timeout=(0, "value"), is_told_by_name=True),
    api("socket.socket.close", Act.CLOSE),
    api("socket.socket.detach", Act.CLOSE, _DESCRIPTOR),
    api("socket.socket.fileno", Act.CONSTRUCT, _DESCRIPTOR),
    api("os.read", _CHUNK | Act.WAIT, "bytes", descriptor=0, size=1, only_with=_DESCRIPTOR),
    api("os.readv", _CHUNK | Act.WAIT, "int", descriptor=0, buffer=1, only_with=_DESCRIPTOR),
    api("os.write", Act.SEND | Act.SHORT | Act.WAIT, "int", reports=True, descriptor=0, data=1, only_with=_DESCRIPTOR),
    api("socket.socket.dup", Act.CONSTRUCT, _SOCKET),
    api("socket.SocketIO.read", Act.RECEIVE | Act.ENDS | Act.WAIT, "bytes", size=0),
    api("socket.SocketIO.readline", Act.RECEIVE | Act.ENDS | Act.WAIT, "bytes"),
    api("socket.SocketIO.readlines", Act.RECEIVE | Act.WAIT, "list"),
    api("socket.SocketIO.readinto", Act.RECEIVE | Act.ENDS | Act.WAIT, "int", buffer=0),
    api("socket.SocketIO.write", Act.SEND, data=0),
    api("socket.recv_fds", _CHUNK | Act.WAIT, ("bytes", "list", "int", "str")),
    # asyncio
    api(
        "asyncio.start_unix_server",
        _SERVE,
        "asyncio.Server",
        endpoint=(1, "path"),
        target=(0, "client_connected_cb"),
        gives=(_READER, _WRITER),
    ),
    api("asyncio.open_unix_connection", Act.CONNECT, (_READER, _WRITER), endpoint=(0, "path")),
    api(
        "asyncio.start_server",
        Act.LISTEN,
        "asyncio.Server",
        target=(0, "client_connected_cb"),
        gives=(_READER, _WRITER),
    ),
    api("asyncio.open_connection", Act.CONNECT, (_READER, _WRITER)),
    api("asyncio.get_event_loop", Act.CONSTRUCT, _LOOP),
    api("asyncio.get_running_loop", Act.CONSTRUCT, _LOOP),
    api("asyncio.new_event_loop", Act.CONSTRUCT, _LOOP),
    api(f"{_LOOP}.create_unix_server", _SERVE, "asyncio.Server", endpoint=(1, "path"), is_told_by_name=True),
    api(f"{_LOOP}.create_unix_connection", Act.CONNECT, endpoint=(1, "path"), is_told_by_name=True),
    api(f"{_LOOP}.sock_recv", _CHUNK, "bytes", size=1, is_told_by_name=True),
    api(f"{_LOOP}.sock_recv_into", _CHUNK, "int", buffer=1, is_told_by_name=True),
    api(f"{_LOOP}.sock_connect", Act.CONNECT, endpoint=1, is_told_by_name=True),
    api(f"{_LOOP}.sock_accept", Act.ACCEPT, (_SOCKET, "str"), is_told_by_name=True),
    api(f"{_LOOP}.run_in_executor", Act.START_THREAD, target=(1, "func"), is_told_by_name=True),
    api("asyncio.run", Act.RUN_LOOP),
    api("asyncio.create_task", Act.MAKE_TASK, "asyncio.Task"),
    api("asyncio.ensure_future", Act.MAKE_TASK, "asyncio.Task"),
    api(f"{_LOOP}.create_task", Act.MAKE_TASK, "asyncio.Task"),
    api("asyncio.wait_for", Act.CONSTRUCT, timeout=(1, "timeout")),
    api("asyncio.to_thread", Act.START_THREAD, target=(0, "func")),
    api(f"{_READER}.read", _CHUNK, "bytes", size=(0, "n")),
    api(f"{_READER}.readexactly", Act.RECEIVE | Act.ALLOCATE, "bytes", size=(0, "n"), is_told_by_name=True),
    api(f"{_READER}.readline", Act.RECEIVE | Act.ENDS, "bytes"),
    api(f"{_READER}.readuntil", Act.RECEIVE, "bytes", is_told_by_name=True),
    api(f"{_WRITER}.write", Act.SEND, data=0),
    api(f"{_WRITER}.writelines", Act.SEND, data=0),
    api(f"{_WRITER}.drain", Act.WAIT),
    api(f"{_WRITER}.close", Act.CLOSE),
    api(f"{_WRITER}.get_extra_info", Act.CHECK_PEER, "socket.socket"),
    api("asyncio.Transport.write", Act.SEND, data=0),
    api("asyncio.Server.close", Act.CLOSE),
    # multiprocessing
    api(
        "multiprocessing.connection.Listener",
        _SERVE,
        endpoint=(0, "address"),
        authkey=(3, "authkey"),
        returns="multiprocessing.connection.Listener",
    ),
    api(
        "multiprocessing.connection.Client",
        Act.CONNECT,
        _CONNECTION,
        endpoint=(0, "address"),
        authkey=(2, "authkey"),
    ),
    *(
        api(
            f"multiprocessing.managers.{name}",
            _SERVE | Act.UNPICKLE,
            f"multiprocessing.managers.{name}",
            endpoint=(0, "address"),
            authkey=(1, "authkey"),
        )
        for name in ("BaseManager", "SyncManager")
    ),
    api("multiprocessing.connection.Listener.accept", Act.ACCEPT | Act.WAIT, _CONNECTION),
    api("multiprocessing.Pipe", Act.CONSTRUCT, (_CONNECTION, _CONNECTION)),
    api(f"{_CONNECTION}.recv", Act.RECEIVE | Act.UNPICKLE | Act.WAIT, "object"),
    api(f"{_CONNECTION}.recv_bytes", Act.RECEIVE | Act.WAIT, "bytes", size=(0, "maxlength"), is_told_by_name=True),
    api(f"{_CONNECTION}.recv_bytes_into", Act.RECEIVE | Act.WAIT, "int", buffer=0, is_told_by_name=True),
    api(f"{_CONNECTION}.send", Act.SEND, data=0),
    api(f"{_CONNECTION}.send_bytes", Act.SEND, data=0, is_told_by_name=True),
    api(f"{_CONNECTION}.close", Act.CLOSE),
)

BASES: dict[str, tuple[str, ...]] = {
    "ssl.SSLSocket": (_SOCKET,),
    "asyncio.unix_events._UnixSelectorEventLoop": (_LOOP,),
    "asyncio.BufferedProtocol": ("asyncio.BaseProtocol",),
    "asyncio.Protocol": ("asyncio.BaseProtocol",),
    "asyncio.DatagramProtocol": ("asyncio.BaseProtocol",),
}

CALLBACKS: dict[str, tuple[str, ...]] = {
    "asyncio.Protocol.data_received": ("received",),
    "asyncio.DatagramProtocol.datagram_received": ("received", "str"),
    "asyncio.BaseProtocol.connection_made": ("asyncio.Transport",),
}

# What asyncio runs on the thread of its loop.
IN_LOOP = frozenset(
    {
        *(f"asyncio.BaseProtocol.{name}" for name in ("connection_made", "connection_lost")),
        *(f"asyncio.BaseProtocol.{name}" for name in ("pause_writing", "resume_writing")),
        *(f"asyncio.Protocol.{name}" for name in ("data_received", "eof_received")),
        *(f"asyncio.DatagramProtocol.{name}" for name in ("datagram_received", "error_received")),
    }
)
