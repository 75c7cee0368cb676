"""Starlette's own published tests, run with every app behind ours.

Only assertions on the bytes of 200 text/html answers may fail, and each of those is named here.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".cache" / "frameworks"

# Test -> the page whose exact bytes it asserts.
COMPARES_BYTES = {
    "tests/test_staticfiles.py::test_staticfiles_cache_invalidation_for_deleted_file_html_mode": (
        "some.html; it goes on to use the page's Last-Modified, which an injected page has not"
    ),
    "tests/test_staticfiles.py::test_staticfiles_follows_symlink_directories": "index.html",
    "tests/test_staticfiles.py::test_staticfiles_follows_symlinks": "index.html",
    "tests/test_staticfiles.py::test_staticfiles_html_normal": "dir/index.html",
    "tests/test_staticfiles.py::test_staticfiles_html_only_files": "hello.html",
    "tests/test_staticfiles.py::test_staticfiles_html_without_404": "dir/index.html",
    "tests/test_staticfiles.py::test_staticfiles_self_symlinks": "index.html",
    "tests/test_templates.py::test_calls_context_processors": "index.html, rendered",
    "tests/test_templates.py::test_template_with_middleware": "index.html, rendered",
    "tests/test_templates.py::test_templates": "index.html, rendered",
    "tests/test_templates.py::test_templates_with_directories": "two templates, rendered",
    "tests/test_templates.py::test_templates_with_environment": "index.html, rendered",
    "tests/test_responses.py::test_populate_headers": "the word `hi` as text/html",
}

pytestmark = pytest.mark.timeout(900)


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"pip {arguments[0]} failed:\n{done.stdout}{done.stderr}"


@contextmanager
def alone() -> Iterator[None]:
    """Keeps other test processes out of the cache while one fills it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def suite() -> Path:
    """The tests of the installed Starlette's source distribution, without its package."""
    name = f"starlette-{version('starlette')}"
    with alone():
        if not (CACHE / name).exists():
            fetch(name)
    return CACHE / name


def fetch(name: str) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        wanted = name.replace("-", "==")
        pip("download", "--no-binary", ":all:", "--no-deps", "--dest", place, wanted)
        with tarfile.open(Path(place, f"{name}.tar.gz")) as packed:
            packed.extractall(place, filter="data")
        # Their package must not stand beside the tests, or it is tested instead of ours.
        shutil.rmtree(Path(place, name, "starlette"))
        Path(place, name).rename(CACHE / name)


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder with what those tests need and our environment lacks."""
    wanted = HERE / "requirements.txt"
    folder = CACHE / "packages"
    stamp = folder / "requirements.txt"
    with alone():
        if not stamp.exists() or stamp.read_text() != wanted.read_text():
            shutil.rmtree(folder, ignore_errors=True)
            pip("install", "--quiet", "--no-deps", "--target", folder, "--requirement", wanted)
            shutil.copy(wanted, stamp)
    return folder


class Run:
    """One run of the suite, or of some of its tests."""

    def __init__(self, suite: Path, packages: Path, failed: Path) -> None:
        self.suite = suite
        self.packages = packages
        self.failed = failed

    def __call__(self, wrapper: str, tests: Sequence[str] = (), *, undo: bool = False) -> set[str]:
        """Gives the tests that failed."""
        self.failed.write_text("")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "anyio.pytest_plugin"),
                *("-p", "wrapping", "-p", "no:cacheprovider", *(tests or ["tests"])),
            ],
            cwd=self.suite,
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTEST_ADDOPTS": "",
                "PYTHONPATH": os.pathsep.join(map(str, (ROOT, HERE, self.packages))),
                "ADGUARD_WRAP": wrapper,
                "ADGUARD_FAILED": str(self.failed),
                "ADGUARD_UNDO": "1" if undo else "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, 1}, f"pytest did not run:\n{done.stdout}{done.stderr}"
        passed = re.search(r"(\d+) passed", done.stdout)
        if not tests:
            assert passed, done.stdout
            assert int(passed[1]) > 1_000, "their suite is not what it was"
        return set(self.failed.read_text().splitlines())


@pytest.fixture
def run(suite: Path, packages: Path, tmp_path: Path) -> Run:
    return Run(suite, packages, tmp_path / "failed")


@pytest.mark.parametrize("wrapper", ["injector", "middleware"])
def test_behind_ours_only_comparisons_of_the_bytes_of_pages_fail(run: Run, wrapper: str) -> None:
    failed = run(wrapper)
    assert failed, "not even comparisons of bytes fail: is anything wrapped?"
    of_their_own = run("bare", sorted(failed))
    because_of_us = failed - of_their_own
    assert {test.partition("[")[0] for test in because_of_us} == COMPARES_BYTES.keys()
    assert run(wrapper, sorted(because_of_us), undo=True) == set()
