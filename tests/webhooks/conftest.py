from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from starlette.types import ASGIApp

FOLDER = Path(__file__).parents[2] / "snippets" / "webhooks"
ORIGIN = "https://www.example.org"

Load = Callable[[str], ModuleType]
Post = Callable[..., httpx.Response]


class Mailbox:
    """What the publisher's mailer was asked to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.broken = False

    async def send(self, address: str, link: str) -> None:
        if self.broken:
            raise ConnectionError(f"no route to the post office for {address}, {link}")
        self.sent.append((address, link))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mailbox: Mailbox) -> Load:
    """Imports a recipe, with a mailer of ours in the place of the publisher's."""
    monkeypatch.setenv("SITE_SECRET", "a secret of the tests, long enough to sign with")
    monkeypatch.setenv("SITE_ORIGIN", ORIGIN)
    monkeypatch.setenv("ADGUARD_DATA", str(tmp_path))
    monkeypatch.delenv("ADGUARD_STORE", raising=False)

    def loaded(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"recipe_{name}", FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "send_mail", mailbox.send)
        return module

    return loaded


@pytest.fixture
async def client() -> AsyncIterator[Callable[[ASGIApp], httpx.AsyncClient]]:
    made: list[httpx.AsyncClient] = []

    def of(app: ASGIApp) -> httpx.AsyncClient:
        made.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN))
        return made[-1]

    yield of
    for one in made:
        await one.aclose()


async def take(client: httpx.AsyncClient, link: str) -> int:
    """Does what a reader does with a link: opens it, presses the button. Returns the status."""
    client.cookies.clear()
    page = await client.get(link)
    assert "Keep the pass in this browser" in page.text
    code = link.partition("code=")[2]
    answer = await client.post(
        "/_site/pass", data={"code": code}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    return answer.status_code
