"""The supervisor of `ouvidoria run`: it owns the port, the embedded PostgreSQL and what serves."""

import contextlib
import errno
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import NamedTuple

import structlog

from infra.embedded import EmbeddedError, EmbeddedPostgres
from infra.home import HomeLock
from infra.settings import Settings

LISTEN_FD = "OUVIDORIA_LISTEN_FD"
PARENT_FD = "OUVIDORIA_PARENT_FD"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
GRACE_SECONDS = 15.0
LONGEST_BACK_OFF = 10.0
PROVEN_SECONDS = 30.0  # a child that has run this long is restarted without delay
TICK_SECONDS = 0.1
PORT_SECONDS = 3.0  # the processes of a killed supervisor may take a moment to let go of the port
BACKLOG = 2048

log = structlog.get_logger(__name__)


class CannotListen(Exception):
    """The port cannot be had; the message says why."""


class Child(NamedTuple):
    """A process to keep running; one that `listens` inherits the listening socket."""

    name: str
    argv: Sequence[str]
    listens: bool = False


class Supervisor:
    """Starts everything in order, restarts what dies, stops everything in reverse order."""

    def __init__(
        self,
        settings: Settings,
        children: Sequence[Child],
        *,
        prepare: Callable[[], None] = lambda: None,
        ready: Callable[[str], None] = lambda _address: None,
    ) -> None:
        """`prepare` is called once the database is up; `ready`, with the address, once the API answers."""
        self._settings = settings
        self._prepare = prepare
        self._ready = ready
        self._postgres = None if settings.database_url else EmbeddedPostgres(settings.home)
        self._lock = self._postgres.lock if self._postgres else HomeLock(settings.home)
        self._kept = [Kept(child) for child in children]

    def run(self) -> None:
        """Supervise until SIGTERM, SIGINT or SIGHUP; call it from the main thread.

        Raises:
            CannotListen: the port is taken or not ours.
            HomeError: another supervisor runs in this home.
            EmbeddedError: PostgreSQL cannot be started.
        """
        with contextlib.suppress(Stopped), stopped_by_signals(), contextlib.ExitStack() as undo:
            undo.callback(self._lock.release)
            self._lock.acquire()
            listener = undo.enter_context(listen(self._settings.host, self._settings.port))
            if self._postgres is not None:
                undo.callback(self._postgres.stop)
                self._postgres.start()
            self._prepare()
            # Nothing is ever written: it is closed when this process ends, however that comes.
            alive_read, alive_write = os.pipe()
            undo.callback(os.close, alive_write)
            undo.callback(os.close, alive_read)
            undo.callback(stop_all, self._kept)
            self._watch(listener, alive_read)

    def _watch(self, listener: socket.socket, parent: int) -> None:
        announced = False
        database = BackOff()
        while True:
            for kept in self._kept:
                kept.tend(listener, parent)
            if self._postgres is not None and not self._postgres.alive() and database.due():
                self._restart(self._postgres, database)
            if not announced and answers(listener):
                announced = True
                self._ready(address(listener))
            time.sleep(TICK_SECONDS)

    @staticmethod
    def _restart(postgres: EmbeddedPostgres, back_off: "BackOff") -> None:
        log.error("postgres-died")
        back_off.started()
        try:
            postgres.start()
        except EmbeddedError as error:
            log.error("postgres-not-restarted", error=error)  # noqa: TRY400 -- the message has it all
        else:
            log.info("postgres-restarted", pid=postgres.pid)


class BackOff:
    """When to start again what has died: at once if it had run for a while, else later each time."""

    def __init__(self) -> None:
        self._started_at = float("-inf")
        self._delay = 0.0

    def due(self) -> bool:
        """Whether it may be started now."""
        ran = time.monotonic() - self._started_at
        return ran >= min(self._delay, PROVEN_SECONDS)

    def started(self) -> None:
        """Take note of a start."""
        now = time.monotonic()
        proven = now - self._started_at >= PROVEN_SECONDS
        self._delay = 0.5 if proven else min(self._delay * 2, LONGEST_BACK_OFF)
        self._started_at = now


class Kept:
    """A child and the process that is its present life."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self._back_off = BackOff()
        self._mourned = True

    def tend(self, listener: socket.socket, parent: int) -> None:
        """Start the process if it does not run and its time has come."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None and not self._mourned:
            self._mourned = True
            log.error("process-died", process=self.child.name, status=self.process.returncode)
        if self._back_off.due():
            self._back_off.started()
            self._start(listener, parent)

    def _start(self, listener: socket.socket, parent: int) -> None:
        inherited = {PARENT_FD: parent} | ({LISTEN_FD: listener.fileno()} if self.child.listens else {})
        self.process = subprocess.Popen(
            self.child.argv,
            env={**os.environ, **{name: str(fd) for name, fd in inherited.items()}},
            pass_fds=tuple(inherited.values()),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the supervisor, which stops them in order
        )
        self._mourned = False
        log.info("process-started", process=self.child.name, pid=self.process.pid)


def stop_all(kept: Sequence[Kept]) -> None:
    """Ask all processes to end, and end those that have not within the grace."""
    running = [each.process for each in kept if each.process is not None and each.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        process.kill()
        process.wait()


class Stopped(BaseException):
    """A signal has asked the supervisor to stop."""


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise Stopped at the first signal; further ones are ignored, since stopping is under way."""
    stopping = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            raise Stopped(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        stopping = True
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket.

    Raises:
        CannotListen: the port is taken or not ours, or the host is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            if not taken or time.monotonic() > deadline:
                hint = "; OUVIDORIA_PORT chooses another" if taken else ""
                raise CannotListen(f"cannot listen on {host}, port {port}: {error.strerror}{hint}") from error
            time.sleep(TICK_SECONDS)


def address(listener: socket.socket) -> str:
    """URL under which a listening socket is reached from this machine."""
    host, port = reachable(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def reachable(listener: socket.socket) -> tuple[str, int]:
    """Host and port to connect to; a socket on every address is reached by the loopback one."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 -- compared, not bound


def answers(listener: socket.socket) -> bool:
    """Whether an API process answers on the socket."""
    connection = http.client.HTTPConnection(*reachable(listener), timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def inherited_listener() -> socket.socket | None:
    """In a child process: the socket that the supervisor listens on, or None without a supervisor."""
    given = os.environ.pop(LISTEN_FD, None)
    return socket.socket(fileno=int(given)) if given else None


def exit_with_parent() -> None:
    """In a child process: end at once when the supervisor does without having said so, even by SIGKILL."""
    given = os.environ.pop(PARENT_FD, None)
    if given:
        os.set_inheritable(int(given), False)
        threading.Thread(target=_end_after, args=[int(given)], name="parent-watch", daemon=True).start()


def _end_after(parent: int) -> None:
    os.read(parent, 1)  # returns when the other end is closed
    os._exit(1)
