"""What docs/operations.md shows is what happens."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from adguard.alerts import RULES, post
from adguard.insight.exposition import _GAUGES, _PROCESS
from tests.alerts.receiver import Receiver

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
SECRET = "s" * 32


def example() -> Callable[[str, dict[str, str], bytes], bool]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    made: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(compile(code, "operations.md", "exec"), made)
    return made["genuine"]


def test_the_example_tells_our_messages_from_others(receiver: Receiver) -> None:
    assert post(receiver.url, SECRET, "a", b'{"a": 1}', time.time()).ok
    assert post(receiver.url, SECRET, "a", b'{"a": 1}', time.time() - 301).ok
    fresh, old = receiver.delivered
    genuine = example()
    headers = {name.title(): value for name, value in fresh.headers.items()}
    assert genuine(SECRET, headers, fresh.body)
    assert not genuine("x" * 32, headers, fresh.body)
    assert not genuine(SECRET, headers, fresh.body + b" ")
    stamp = str(int(headers["Alert-Timestamp"]) + 1)
    assert not genuine(SECRET, {**headers, "Alert-Timestamp": stamp}, fresh.body)
    late = {name.title(): value for name, value in old.headers.items()}
    assert not genuine(SECRET, late, old.body)


def test_every_rule_and_every_metric_is_explained() -> None:
    for rule in RULES:
        assert f"| `{rule}` |" in PAGE
    for name in _PROCESS:
        assert f"`adguard_{name}_total`" in PAGE
    for name, _ in _GAUGES.values():
        assert f"`adguard_{name}`" in PAGE
