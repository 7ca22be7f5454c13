"""What keeps an API process from starting is told to whoever started it."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg


def test_why_it_cannot_serve_is_said(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE ouvidoria.alembic_version SET version_num = '0008_staff'")
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", "api"],
        env=os.environ
        | {"OUVIDORIA_DATABASE_URL": database, "OUVIDORIA_HOME": str(tmp_path), "OUVIDORIA_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "run `ouvidoria migrate`" in ended.stderr
