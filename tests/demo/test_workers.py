"""Two workers, one paper: the demo as it is served, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from e2e.harness.nginx import free_port
from tests.demo.newsroom import OURS, PASSWORD, STORY, fields_of

ROOT = Path(__file__).parents[2]
START_SECONDS = 40


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a paper with two workers and an empty data folder."""
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ADGUARD_", "PYTHON_AKISMET_", "SITE_SECRET"))
    }
    environment |= {"ADGUARD_DATA": str(tmp_path / "data"), "PACKET_DESK_PASSWORD": PASSWORD}
    command = ["uvicorn", "demo_site.app:app", "--workers", "2", "--port", str(port)]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-access-log"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while log.read_text().count("Application startup complete") < 2:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the paper did not come up:\n{log.read_text()}", pytrace=False)
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()


def test_letters_sessions_and_forms_are_good_with_every_worker(served: str) -> None:
    def write(number: int) -> httpx.Response:
        # A connection each, so that the workers share them.
        with httpx.Client(base_url=served, headers=OURS) as reader:
            form = fields_of(reader.get(STORY).text)
            words = {"letter": f"Letter {number // 2}", "name": "K. Maas"}  # each twice
            answer = reader.post(f"{STORY}/letters", data={**form, **words})
            assert f"Letter {number // 2}" in reader.get(answer.headers["location"]).text
            return answer

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(write, range(24)))
    assert {answer.status_code for answer in answers} == {303}
    with httpx.Client(base_url=served, headers=OURS) as editor:
        entered = editor.post("/desk/enter", data={"word": PASSWORD})
        session = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
    for _ in range(8):
        with httpx.Client(base_url=served, headers={**OURS, **session}) as editor:
            assert editor.get("/desk").text.count('class="desk-letter"') == 12
