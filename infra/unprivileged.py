"""Run a program that must not outlive its parent and, when we are root, must not be root.

    python unprivileged.py PARENT_PID PROGRAM ARGUMENT…

PostgreSQL refuses user 0. Its files, and the program itself, may still lie below folders that only root may
enter, so the program runs as `nobody` with one capability left: to read and enter what root may. Standard
library only, since this file is started by its path. docs/decisions/0005-postgresql-as-root.md says why.
"""

import ctypes
import os
import pwd
import signal
import sys

USER = "nobody"
PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT = 1, 28, 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2  # else access(2), which initdb asks, would ignore the capability
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def main(parent: int, argv: list[str]) -> None:
    """Replace this process by `argv`; on Linux it is interrupted when the process `parent` dies."""
    linux = sys.platform == "linux"
    if os.geteuid() == 0:
        if not linux:
            sys.exit("PostgreSQL does not run as root; start this as an ordinary user")
        try:
            drop_root()
        except (OSError, KeyError) as error:
            sys.exit(f"PostgreSQL does not run as root, and it could not be started as {USER}: {error}")
    if linux:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            sys.exit("the parent has gone")
    os.execv(argv[0], argv)  # noqa: S606 -- replacing this process without a shell is the point


def drop_root() -> None:
    """Become `nobody`, keeping nothing of root's powers but entering and reading.

    Raises:
        OSError: root lacks the capabilities for it here.
        KeyError: the system has no such user.
    """
    user = pwd.getpwnam(USER)
    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    try:
        keep_only(CAP_DAC_READ_SEARCH)
    except OSError:
        keep_only(CAP_DAC_OVERRIDE)  # the one that containers have by default


def keep_only(capability: int) -> None:
    """Give up every capability but one, and hand that one to the program executed next."""
    mask = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)  # effective, permitted, inheritable
    check(libc().capset(header, sets))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def prctl(*arguments: int) -> None:
    """The system call of that name."""
    padded = (*arguments, 0, 0, 0, 0)[:5]
    check(libc().prctl(*(ctypes.c_ulong(argument) for argument in padded)))


def check(result: int) -> None:
    """Raise OSError with the reason when a C function has failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def libc() -> ctypes.CDLL:
    """The C library."""
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
