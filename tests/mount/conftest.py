from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from starlette.types import ASGIApp

from tests.visitor import Visitor

FOLDER = Path(__file__).parents[2] / "snippets" / "mount"
ORIGIN = "http://news.localhost"

Load = Callable[[str], ModuleType]
Meet = Callable[[ASGIApp], Visitor]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Imports a snippet under a name that hides no framework."""
    monkeypatch.setenv("SITE_SECRET", "a secret of the tests, long enough to sign with")
    monkeypatch.setenv("ADGUARD_DATA", str(tmp_path))
    monkeypatch.delenv("ADGUARD_STORE", raising=False)

    def loaded(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"mounted_{name}", FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


@pytest.fixture
async def meet() -> AsyncIterator[Meet]:
    """A new visitor of an application, in process and without lifespan."""
    clients: list[httpx.AsyncClient] = []

    def visitor(app: ASGIApp) -> Visitor:
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN))
        return Visitor(clients[-1], ORIGIN)

    yield visitor
    for client in clients:
        await client.aclose()
