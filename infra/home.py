"""The home folder: who may enter it, and the lock that lets one supervisor at a time work in it."""

import fcntl
import os
from pathlib import Path
from typing import BinaryIO


class HomeError(Exception):
    """The home cannot be used; the message says why."""


class HomeBusy(HomeError):
    """Another supervisor runs in this home."""


class HomeLock:
    """Held by the one supervisor of a home, until it is released or its process ends."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: BinaryIO | None = None

    def acquire(self) -> None:
        """Take the lock; harmless when it is already held through this object.

        Raises:
            HomeBusy: another process has it.
        """
        if self._file is not None:
            return
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (self._home / "supervisor.lock").open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().decode() or "unknown"
            file.close()
            raise HomeBusy(f"another supervisor (pid {holder}) already runs in {self._home}") from None
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let another supervisor take the home."""
        if self._file is not None:
            self._file.close()
            self._file = None


def make_private(directory: Path) -> None:
    """Make a folder that only we may enter, or make an existing one of ours that.

    Raises:
        HomeError: it is somebody else's, or a link.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    check_ours(directory)
    directory.chmod(0o700)


def check_ours(directory: Path) -> None:
    """Make sure that `directory` is a folder of the user who runs this.

    Raises:
        HomeError: it is somebody else's, or a link.
    """
    if directory.is_symlink() or directory.lstat().st_uid != os.geteuid():
        raise HomeError(f"{directory} must be a folder that belongs to the user who runs this")
