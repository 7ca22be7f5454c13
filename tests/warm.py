"""`ouvidoria call` without its start-up: the real command line, forked from a process that has imported it.

Two seconds of imports for each command would make the pages too slow to try. Other commands start as ever.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHIM = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] != ["call"]:
    os.execv({python!r}, [{python!r}, "-m", "api.cli", *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    request = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
    socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(request)
    sys.exit(server.recv(1)[0])
"""


@contextmanager
def warm(folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    """A folder to put first on the PATH; its `ouvidoria` is warm."""
    path, shims = folder / "warm", folder / "bin"
    shims.mkdir()
    shim = shims / "ouvidoria"
    shim.write_text(SHIM.format(python=sys.executable, path=str(path)))
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(16)
        command = [sys.executable, "-m", "tests.warm", str(listener.fileno())]
        server = subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()])
        try:
            yield shims
        finally:
            server.terminate()
            server.wait()


def serve(listener: socket.socket) -> None:
    """One child a connection, each with the caller's files, environment and folder."""
    from api.cli import main  # noqa: PLC0415 - the fixture above needs no command line

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            arguments = adopt(connection)
            try:
                main(arguments)
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                connection.sendall(bytes([int(end.code or 0)]))
            os._exit(0)
        connection.close()


def adopt(connection: socket.socket) -> list[str]:
    """Become what the caller would have started; gives its arguments."""
    length, files, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        arguments, environ, folder = json.loads(stream.read(int.from_bytes(length, "big")))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    return [str(argument) for argument in arguments]


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
