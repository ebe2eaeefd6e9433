"""What else of Python's standard library matters here: files, permissions, processes, threads, numbers, quoting."""

from __future__ import annotations

from localsocket_review.apis.meaning import RECEIVER, Act, Api, api

_PATH = "pathlib.Path"


def _commands() -> tuple[Api, ...]:
    names = ("run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput")
    asynchronous = ("create_subprocess_shell", "create_subprocess_exec")
    return (
        *(api(f"subprocess.{name}", Act.RUN_COMMAND, command=(0, "args")) for name in names),
        *(api(f"asyncio.{name}", Act.RUN_COMMAND, command=(0, "cmd")) for name in asynchronous),
        *(api(f"os.{name}", Act.RUN_COMMAND, command=0) for name in ("system", "popen")),
        *(api(f"os.{name}", Act.RUN_COMMAND, command=0) for name in ("execv", "execve", "execvp", "execlp", "execl")),
        *(api(f"os.{name}", Act.RUN_COMMAND, command=1) for name in ("spawnl", "spawnv", "spawnlp", "spawnvp")),
        api("pty.spawn", Act.RUN_COMMAND, command=0),
    )


def _path_uses() -> tuple[Api, ...]:
    functions = (
        "builtins.open",
        "io.open",
        "os.open",
        "os.listdir",
        "os.scandir",
        "os.rmdir",
        "codecs.open",
        "tarfile.open",
        "zipfile.ZipFile",
        "gzip.open",
        "bz2.open",
        "lzma.open",
        "shutil.rmtree",
        "shutil.unpack_archive",
    )
    of_two = (
        *(f"os.{name}" for name in ("rename", "replace", "link", "symlink")),
        *(f"shutil.{name}" for name in ("move", "copy", "copy2", "copyfile", "copytree")),
    )
    methods = ("read_text", "read_bytes", "write_text", "write_bytes", "open", "iterdir", "rmdir")
    return (
        *(api(name, Act.OPEN_PATH, path=0) for name in functions),
        *(api(name, Act.OPEN_PATH, path=0, other_path=1) for name in of_two),
        *(api(f"{_PATH}.{name}", Act.OPEN_PATH, path=RECEIVER) for name in methods),
        *(api(f"{_PATH}.{name}", Act.OPEN_PATH, path=RECEIVER, other_path=0) for name in ("rename", "replace")),
    )


APIS: tuple[Api, ...] = (
    *_commands(),
    *_path_uses(),
    # the endpoint's file
    api("os.unlink", Act.REMOVE | Act.OPEN_PATH, endpoint=(0, "path"), path=(0, "path")),
    api("os.remove", Act.REMOVE | Act.OPEN_PATH, endpoint=(0, "path"), path=(0, "path")),
    api(f"{_PATH}.unlink", Act.REMOVE | Act.OPEN_PATH, endpoint=RECEIVER, path=RECEIVER, is_told_by_name=True),
    api("os.chmod", Act.CHMOD, path=(0, "path"), mode=(1, "mode")),
    api("os.fchmod", Act.CHMOD, path=(0, "fd"), mode=(1, "mode")),
    api("os.lchmod", Act.CHMOD, path=(0, "path"), mode=(1, "mode")),
    api(f"{_PATH}.chmod", Act.CHMOD, path=RECEIVER, mode=(0, "mode"), is_told_by_name=True),
    api("os.umask", Act.UMASK, mode=0),
    api("os.mkdir", Act.MAKE_DIRECTORY | Act.OPEN_PATH, path=(0, "path"), mode=(1, "mode")),
    api("os.makedirs", Act.MAKE_DIRECTORY | Act.OPEN_PATH, path=(0, "name"), mode=(1, "mode")),
    api(f"{_PATH}.mkdir", Act.MAKE_DIRECTORY, path=RECEIVER, mode=(0, "mode"), is_told_by_name=True),
    api("fcntl.flock", Act.LOCK),
    api("fcntl.lockf", Act.LOCK),
    *(api(name, Act.FIND_PROCESS) for name in ("os.kill", "psutil.pid_exists", "psutil.Process")),
    api("filelock.FileLock", Act.LOCK, "filelock.FileLock"),
    api("portalocker.lock", Act.LOCK),
    api("portalocker.Lock", Act.LOCK),
    api("os.fdopen", Act.CONSTRUCT, "io.FileIO"),
    # code, queries, pickles
    api("builtins.eval", Act.RUN_CODE, code=0),
    api("builtins.exec", Act.RUN_CODE, code=0),
    api("builtins.compile", Act.RUN_CODE, code=0),
    api("builtins.__import__", Act.RUN_CODE, code=0),
    api("importlib.import_module", Act.RUN_CODE, code=0),
    api("sqlite3.connect", Act.CONSTRUCT, "sqlite3.Connection"),
    *(
        api(f"sqlite3.Connection.{name}", Act.RUN_QUERY, query=0)
        for name in ("execute", "executemany", "executescript")
    ),
    *(api(f"sqlite3.Cursor.{name}", Act.RUN_QUERY, query=0) for name in ("execute", "executemany", "executescript")),
    api("sqlite3.Connection.cursor", Act.CONSTRUCT, "sqlite3.Cursor"),
    api("cursor.execute", Act.RUN_QUERY, query=0, is_told_by_name=True),
    api("cursor.executescript", Act.RUN_QUERY, query=0, is_told_by_name=True),
    *(
        api(name, Act.UNPICKLE, data=0)
        for module in ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "jsonpickle")
        for name in (f"{module}.loads", f"{module}.load", f"{module}.Unpickler")
    ),
    api("jsonpickle.decode", Act.UNPICKLE, data=0),
    api("shelve.open", Act.UNPICKLE, data=0),
    api("yaml.load", Act.UNPICKLE | Act.PARSE, "object", data=(0, "stream")),
    api("yaml.unsafe_load", Act.UNPICKLE, data=(0, "stream")),
    api("joblib.load", Act.UNPICKLE, data=(0, "filename")),
    api("torch.load", Act.UNPICKLE, data=(0, "f")),
    api("numpy.load", Act.UNPICKLE, data=(0, "file")),
    api("pandas.read_pickle", Act.UNPICKLE, data=0),
    api("multiprocessing.reduction.ForkingPickler.loads", Act.UNPICKLE, data=0),
    # numbers and memory
    api("struct.unpack", Act.UNPACK, "tuple", data=1),
    api("struct.unpack_from", Act.UNPACK, "tuple", data=1),
    api("struct.Struct", Act.CONSTRUCT, "struct.Struct"),
    api("struct.Struct.unpack", Act.UNPACK, "tuple", data=0, is_told_by_name=True),
    api("struct.Struct.unpack_from", Act.UNPACK, "tuple", data=0, is_told_by_name=True),
    api("int.from_bytes", Act.UNPACK, "int", data=0, is_told_by_name=True),
    api("builtins.int", Act.UNPACK, "int", data=0),
    api("builtins.float", Act.UNPACK, "float", data=0),
    api("socket.ntohl", Act.UNPACK, "int", data=0),
    api("socket.ntohs", Act.UNPACK, "int", data=0),
    api("builtins.bytearray", Act.ALLOCATE, "bytearray", size=0),
    api("builtins.bytes", Act.ALLOCATE, "bytes", size=0),
    api("array.array", Act.CONSTRUCT, "array.array"),
    api("ctypes.create_string_buffer", Act.ALLOCATE, size=0),
    # shared memory
    api("mmap.mmap", Act.SHARE_MEMORY, "mmap.mmap", size=(1, "length")),
    api("os.ftruncate", Act.SHARE_MEMORY, size=(1, "length")),
    api("os.truncate", Act.SHARE_MEMORY, size=(1, "length")),
    api("multiprocessing.shared_memory.SharedMemory", Act.SHARE_MEMORY, memory=(0, "name"), size=(2, "size")),
    api("multiprocessing.shared_memory.ShareableList", Act.SHARE_MEMORY, memory="name"),
    api("posix_ipc.SharedMemory", Act.SHARE_MEMORY, memory=(0, "name"), size="size"),
    # what takes a text for whole
    *(
        api(f"{module}.{name}", Act.PARSE, "object", data=0)
        for module in ("json", "simplejson", "ujson", "orjson", "yaml", "tomllib", "msgpack", "cbor2", "bson")
        for name in ("loads", "safe_load", "load", "unpackb", "decode")
        if f"{module}.{name}" != "yaml.load"
    ),
    *(api(name, Act.PARSE, "object", data=0) for name in ("msgspec.json.decode", "msgspec.msgpack.decode")),
    api("msgspec.json.Decoder.decode", Act.PARSE, "object", data=0),
    api("xml.etree.ElementTree.fromstring", Act.PARSE, "object", data=0),
    api("json.JSONDecoder.decode", Act.PARSE, "object", data=0),
    # what makes a text harmless
    api("shlex.quote", Act.QUOTE, "str"),
    api("os.path.basename", Act.QUOTE, "str"),
    api("html.escape", Act.QUOTE, "str"),
    api("ast.literal_eval", Act.QUOTE, "object"),
    # threads and waiting
    api("threading.Thread", Act.START_THREAD, "threading.Thread", target=(1, "target")),
    api("threading.Timer", Act.START_THREAD, "threading.Thread", target=(1, "function")),
    api("_thread.start_new_thread", Act.START_THREAD, target=0),
    api("concurrent.futures.ThreadPoolExecutor", Act.CONSTRUCT, "concurrent.futures.Executor"),
    api("concurrent.futures.Executor.submit", Act.START_THREAD, target=0, is_told_by_name=True),
    api("time.sleep", Act.SLEEP | Act.WAIT, seconds=0),
    api("asyncio.sleep", Act.SLEEP, seconds=0),
    # paths
    api("pathlib.Path", Act.CONSTRUCT, _PATH),
    api("pathlib.PurePath", Act.CONSTRUCT, _PATH),
    api("pathlib.PosixPath", Act.CONSTRUCT, _PATH),
    api("pathlib.Path.joinpath", Act.CONSTRUCT, _PATH),
    api("pathlib.Path.home", Act.CONSTRUCT, _PATH),
)
