"""The embedded PostgreSQL with real processes: killed, left behind, locked, under awkward folders."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra import embedded
from infra.embedded import EmbeddedError, EmbeddedPostgres
from infra.home import HomeBusy, HomeError

FAST = {"fsync": "off"}
START_AND_HANG = """
import sys, time
from pathlib import Path
from infra.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), {"fsync": "off"})
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("home"), FAST) as server:
        yield server


@pytest.fixture
def server(module_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """One server for the tests that leave it as they found it: up."""
    if not module_server.alive():
        module_server.start()
    return module_server


def answer(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_started_server_answers_at_the_url_that_follows_from_its_home(server: EmbeddedPostgres) -> None:
    url = embedded.url(server.home)
    assert url == server.url()
    assert answer(url, "SHOW data_directory") == str(server.data)
    assert answer(url, "SELECT current_database()") == "ouvidoria"


def test_it_listens_on_no_network_address(server: EmbeddedPostgres) -> None:
    assert answer(server.url(), "SHOW listen_addresses") == ""


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as durable:
        shown = [answer(durable.url(), f"SHOW {name}") for name in ("fsync", "synchronous_commit")]
    assert shown == ["on", "on"]


def test_letters_with_accents_are_letters(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION unaccent")
        row = connection.execute(
            "SELECT lower('AÇÃO'), array_length(show_trgm('ação'), 1), unaccent('ação'),"
            " to_tsvector('portuguese', 'Cobranças — ação') = to_tsvector('portuguese', 'cobrança ação')"
        ).fetchone()
        connection.rollback()
    assert row == ("ação", 5, "acao", True)


def test_a_server_killed_with_minus_9_starts_again_with_all_that_was_committed(
    server: EmbeddedPostgres,
) -> None:
    run(server.url(), "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS number")
    with psycopg.connect(server.url()):
        kill(server)
        assert not server.alive()
        server.start()
    assert answer(server.url(), "SELECT number FROM kept") == 42


def test_failing_statements_leave_no_values_in_the_log(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS once (word text PRIMARY KEY)")
        connection.execute("INSERT INTO once VALUES ('very-personal') ON CONFLICT DO NOTHING")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO once VALUES (%s)", ["very-personal"])
    assert "very-personal" not in server.log_file.read_text()
    assert "duplicate key value" in server.log_file.read_text()


def test_a_second_supervisor_of_the_home_is_refused(server: EmbeddedPostgres) -> None:
    with pytest.raises(HomeBusy, match=rf"another supervisor \(pid {os.getpid()}\) already runs in"):
        EmbeddedPostgres(server.home).start()
    assert answer(server.url(), "SELECT 1") == 1


def test_a_server_whose_supervisor_was_killed_is_picked_up(tmp_path: Path) -> None:
    supervisor = start_elsewhere(tmp_path)
    run(embedded.url(tmp_path), "CREATE TABLE kept AS SELECT 42 AS number")
    supervisor.kill()
    supervisor.wait()
    with EmbeddedPostgres(tmp_path, FAST) as server:
        assert answer(server.url(), "SELECT number FROM kept") == 42


def test_a_server_left_running_is_ended_before_another_starts(server: EmbeddedPostgres) -> None:
    left = psutil.Process(server.pid)
    abandon(server)
    server.start()
    assert not left.is_running()
    assert answer(server.url(), "SELECT 1") == 1


def test_what_is_left_of_a_server_without_its_first_process_is_ended(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        busy = psutil.Process(connection.info.backend_pid)
        busy.suspend()  # it will not notice that its server has died
        kill(server)
        server.start()
        assert not busy.is_running() or busy.status() == psutil.STATUS_ZOMBIE
    assert answer(server.url(), "SELECT 1") == 1


def test_a_stale_lock_file_with_the_pid_of_another_program_neither_blocks_nor_harms_it(
    server: EmbeddedPostgres,
) -> None:
    lock_file = server.data / "postmaster.pid"
    content = lock_file.read_text().splitlines()
    server.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        lock_file.write_text("\n".join([str(stranger.pid), *content[1:], ""]))
        server.start()
        assert answer(server.url(), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_initialisation_cut_short_is_done_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "data.new"
    unfinished.mkdir(parents=True, mode=0o700)
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, FAST) as server:
        assert answer(server.url(), "SELECT 1") == 1


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="unrecognized configuration parameter"):
        EmbeddedPostgres(tmp_path, {"nonsense": "1"}).start()


@pytest.mark.parametrize("name", ["a, \"o 'm%e?&x", "long" * 25], ids=["signs", "long"])
def test_any_folder_will_do_as_home(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    with EmbeddedPostgres(home, FAST) as server:
        assert answer(server.url(), "SHOW data_directory") == str(home / "postgres" / "data")
        outside = embedded.socket_directory(home)
        assert not outside.is_relative_to(home)
    assert not outside.parent.exists()


def test_a_socket_folder_that_somebody_else_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SOCKET_PATH_LIMIT", 0)
    folder = embedded.socket_directory(tmp_path).parent
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(HomeError, match="must be a folder that belongs to"):
            embedded.url(tmp_path)
        with pytest.raises(HomeError, match="must be a folder that belongs to"):
            EmbeddedPostgres(tmp_path).start()
    finally:
        folder.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by PostgreSQL")
def test_root_runs_it_as_nobody_below_folders_that_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "home", FAST) as server:
        process = psutil.Process(server.pid)
        assert process.username() == "nobody"
        capabilities = Path(f"/proc/{process.pid}/status").read_text().partition("CapEff:")[2].split()[0]
        assert int(capabilities, 16) in {1 << 1, 1 << 2}
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == 0


def start_elsewhere(home: Path) -> subprocess.Popen[bytes]:
    """A process that holds a started server until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", START_AND_HANG, str(home)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        assert int(output.readline()) > 0
    return process


def abandon(server: EmbeddedPostgres) -> None:
    """Forget the process and the lock, as if the supervisor were gone where no signal tells its children."""
    process = server._process
    assert process is not None
    process.returncode = 0  # Popen would warn about a child that nobody waits for
    server._process = None
    server.lock.release()


def kill(server: EmbeddedPostgres) -> None:
    assert server._process is not None
    server._process.kill()
    server._process.wait()
