"""`make faults`: one run after another until the time is over; says what each broke, and with which seed."""

import random
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

from tests.faults.harness import run
from tests.infra.nats_server import Missing, binary

ROUND_SECONDS = 60.0


def main() -> int:
    """0 if every promise was kept."""
    parser = ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long faults happen, in all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    program = nats_server()
    end, seed = time.monotonic() + given.seconds, given.seed
    while (left := end - time.monotonic()) > 0:
        if not once(min(left, ROUND_SECONDS), seed, program):
            return 1
        seed += 1
    return 0


def nats_server() -> Path | None:
    """Where there is none, the broker is left out."""
    try:
        return binary()
    except Missing as missing:
        print(f"without a broker: {missing}", flush=True)  # noqa: T201 - the command's output
        return None


def once(seconds: float, seed: int, program: Path | None) -> bool:
    """Whether one run kept every promise; if not, its folder is left to look at."""
    folder = Path(tempfile.mkdtemp(prefix=f"faults-{seed}-"))
    print(f"seed {seed}: faults for {seconds:.0f} s in {folder}", flush=True)  # noqa: T201 - the command's output
    report = run(folder, seconds, seed, line=seed % 2 == 1, nats_server=program)
    print(report, flush=True)  # noqa: T201 - the command's output
    if not report.violations:
        shutil.rmtree(folder)
    return not report.violations


if __name__ == "__main__":
    sys.exit(main())
