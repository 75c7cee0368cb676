from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adguard.ledger import lease
from adguard.ledger.lease import Lease

HOLDER = """
import sys
from pathlib import Path
from adguard.ledger.lease import Lease
mine = Lease(Path(sys.argv[1]))
print(mine.held(), flush=True)
sys.stdin.read()
"""


def test_one_holds_it_until_it_is_released(tmp_path: Path) -> None:
    first, second = Lease(tmp_path / "lease"), Lease(tmp_path / "lease")
    assert first.held()
    assert first.held()
    assert not second.held()
    first.release()
    first.release()
    assert second.held()
    second.release()


def test_it_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        mine = Lease(path)
        assert not mine.held()
        holder.kill()
        holder.wait()
        assert mine.held()
        mine.release()


def test_nobody_holds_a_lease_whose_file_cannot_be_made(tmp_path: Path) -> None:
    assert not Lease(tmp_path / "missing" / "lease").held()


def test_without_a_file_or_without_file_locks_everybody_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Lease(None).held()
    monkeypatch.setattr(lease, "fcntl", None)
    assert Lease(tmp_path / "lease").held()
    assert Lease(tmp_path / "lease").held()


def test_a_folder_that_nobody_may_write_to_can_be_locked_itself(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()  # no file can be made of that name
    assert not Lease(tmp_path / "taken").held()
    first, second = (Lease(tmp_path / "taken", or_folder=True) for _ in range(2))
    assert first.held()
    assert not second.held()
    first.release()
    assert second.held()
    third = Lease(tmp_path / "none" / "at all", or_folder=True)
    assert not third.held()
    second.release()
    assert third.held()
    third.release()
