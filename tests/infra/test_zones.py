"""Time zones are those of the pinned `tzdata`, whatever the machine says of them."""

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

ZONE = "America/Sao_Paulo"
ASK = f"""
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones
noon = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("{ZONE}"))
print(noon.isoformat()[-6:], "Mars/Olympus" in available_timezones())
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine on which São Paulo keeps the time of Tokyo, and Olympus has a time."""
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    for zone in (ZONE, "Mars/Olympus"):
        path = tmp_path / zone
        path.parent.mkdir()
        path.write_bytes(tokyo)
    return {**os.environ, "PYTHONTZPATH": str(tmp_path)}


def told(program: str, machine: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], env=machine, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


@pytest.mark.parametrize("process", ["api.app", "api.cli", "api.worker", "infra.importing"])
def test_every_process_has_the_pinned_zones(machine: dict[str, str], process: str) -> None:
    assert told(ASK, machine) == "+09:00 True", "it is so without it"
    assert told(f"import {process}\n{ASK}", machine) == "-03:00 False"


def test_what_was_read_of_the_machine_before_is_forgotten(machine: dict[str, str]) -> None:
    assert told(f"{ASK}\nimport infra\n{ASK}", machine) == "+09:00 True\n-03:00 False"
