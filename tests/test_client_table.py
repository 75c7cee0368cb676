"""The client's verdict table is the server's: one file of vectors runs against both."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from adguard import snippets
from adguard.assets import Assets
from adguard.settings import Settings

HERE = Path(__file__).parent
VECTORS = HERE / "vectors" / "detection.json"
NODE = shutil.which("node")
KEY = "k" * 32

needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@needs_node
def test_the_client_finds_what_the_server_finds() -> None:
    page = snippets.folder() / "page"
    files = (HERE / "js" / "table.mjs", page / "client.js", page / "watch.js", VECTORS)
    command = [str(NODE), *map(str, files)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = [json.loads(line) for line in printed.splitlines()]
    cases = json.loads(VECTORS.read_text("utf-8"))["cases"]
    keys = ("verdict", "confidence", "reason")
    assert {case["name"]: one for case, one in zip(cases, found, strict=True)} == {
        case["name"]: {key: case[key] for key in keys} for case in cases
    }


@needs_node
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sample": 0.25},
        {"consent_mode": "required"},
        {"consent_mode": "local_only"},
        {"interstitial": "redirect"},
        {"inline_target": "`a` \"b\" 'c' \\ </script> /*"},
    ],
    ids=str,
)
def test_every_build_is_javascript(options: dict[str, object], tmp_path: Path) -> None:
    assets = Assets(Settings(secret_key=KEY, **options))  # type: ignore[arg-type]
    for name in (assets.client, assets.gate, assets.note):
        found = assets.find(name)
        assert found is not None
        assert b"__" + b"CONFIG" not in found.identity
        assert b"__SITE" not in found.identity
        assert b"// only" not in found.identity
        file = tmp_path / name.replace("note-", "module-").replace(".js", ".mjs")
        file.write_bytes(found.identity)
        subprocess.run([str(NODE), "--check", str(file)], check=True, capture_output=True)
