"""What operators ask: health, figures for Prometheus, and whether alerts are watched."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adguard.settings import SettingsError
from tests.alerts.receiver import receiving
from tests.endpoints.conftest import PAGE, Site
from tests.ledger.making import event
from tests.visitor import BLOCKED, CLEAR

SECRET = "s" * 32


async def health_of(site: Site) -> dict[str, Any]:
    visitor = await site.visitor()
    answer = await visitor.client.get("/_site/health")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def scraped(site: Site) -> httpx.Response:
    visitor = await site.visitor()
    return await visitor.client.get("/_site/metrics")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_health_says_what_recording_injection_and_alerts_do(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    async def page(request: Request) -> Response:
        headers = {"Content-Encoding": "x-ours"} if request.url.path == "/packed" else {}
        return HTMLResponse(PAGE, headers=headers)

    app = Starlette(routes=[Route("/{path:path}", page)])
    site = make_site(store=f"sqlite://{tmp_path}/figures.db", app=app)
    site.middleware.services.ledger._journal._tend_every = 0.01
    visitor = await site.visitor()
    await visitor.view(CLEAR)
    await visitor.open("/packed")
    told = await health_of(site)
    assert told["skipped"] == {"encoding": 1}
    assert (told["status"], told["mode"], told["alerts"]) == ("ok", "ask", None)
    assert told["injected"] == 1
    assert told["store"]["kind"] == "sqlite"
    assert told["store"]["status"] == "ok"
    await until(lambda: "journal_age" in site.middleware.services.ledger.health())
    assert {"journal_age", "journal_batches", "spoiled_batches"} <= (await health_of(site))[
        "store"
    ].keys()


async def test_health_names_no_path_of_the_machine_whatever_is_wrong(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    folder = tmp_path / "a-folder-of-ours"
    folder.write_text("a file stands where the folder should be")
    site = make_site(
        store=f"sqlite://{folder}/figures.db",
        alert_urls=["http://127.0.0.1:9/hook?key=hidden"],
        alert_secret=SECRET,
    )
    visitor = await site.visitor()
    await visitor.view(CLEAR)
    told = await health_of(site)
    assert (told["status"], told["store"]["status"]) == ("degraded", "degraded")
    assert told["alerts"].keys() >= {"watching"}
    text = json.dumps(told)
    assert "a-folder-of-ours" not in text
    assert "hidden" not in text
    for place in (str(tmp_path), str(Path.cwd()), sys.prefix):
        assert place not in text


async def test_prometheus_gets_nothing_unless_it_is_asked_for(site: Site) -> None:
    assert (await scraped(site)).status_code == 404


async def test_prometheus_gets_the_sites_figures_and_no_path_url_or_reader(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(metrics=True, site="gazette")
    for path, signals in (("/a-page-of-ours", CLEAR), ("/markets/b", BLOCKED)):
        visitor = await site.visitor()
        await visitor.view(signals, path)
    await site.middleware.services.ledger.flush()
    site.middleware.services.exposition._clock = site.clock  # type: ignore[union-attr]
    answer = await scraped(site)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "private, no-store"
    assert 'adguard_counted_total{counter="clear",site="gazette"} 1.0' in answer.text
    assert 'adguard_counted_total{counter="extension",site="gazette"} 1.0' in answer.text
    for secret in ("a-page-of-ours", "markets", "Firefox", "http:", "://"):
        assert secret not in answer.text
    assert set(re.findall(r"[{,](\w+)=", answer.text)) <= {
        *("site", "counter", "reason", "status", "cause", "outcome", "version", "mode"),
    }


async def test_a_store_that_hangs_holds_one_thread_however_often_it_is_scraped(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(metrics=True, site="hanging")
    begun, released = list[int](), threading.Event()
    keeper = site.middleware.services.ledger._keeper
    figures = keeper.store.figures

    def hanging() -> Any:
        begun.append(threading.get_ident())
        assert released.wait(10)
        return figures()

    monkeypatch.setattr(keeper.store, "figures", hanging)
    first = asyncio.ensure_future(scraped(site))
    try:
        await until(lambda: bool(begun))
        for answer in await asyncio.gather(*(scraped(site) for _ in range(50))):
            assert answer.status_code == 200
            assert "adguard_recording_ok" in answer.text
        assert len(begun) == 1
        assert not first.done()
    finally:
        released.set()
    assert "adguard_figures_readable" in (await first).text


async def test_a_fault_under_any_address_is_one_label(make_site: Callable[..., Site]) -> None:
    site = make_site(metrics=True, site="faulty")

    def broken(name: str) -> None:
        raise ZeroDivisionError

    site.middleware.services.assets.find = broken  # type: ignore[method-assign,assignment]
    visitor = await site.visitor()
    for number in range(3):
        assert (await visitor.client.get(f"/_site/secret-{number}")).status_code == 500
    text = (await scraped(site)).text
    assert 'adguard_faults_total{cause="endpoint file",site="faulty"} 3.0' in text
    assert "secret" not in text


async def test_metrics_without_prometheus_client_is_refused_at_once(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    from adguard.insight.exposition import _counters

    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    _counters.cache_clear()
    with pytest.raises(SettingsError, match=r"^metrics: .*adguard-toolkit\[metrics\]"):
        make_site(metrics=True)


async def test_a_mounted_site_rings_by_itself(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    with receiving() as receiver:
        site = make_site(
            store=f"sqlite://{tmp_path}/figures.db",
            site="news",
            alert_urls=[receiver.url],
            alert_secret=SECRET,
        )
        services = site.middleware.services
        assert services.watch is not None
        services.watch._clock = services.watch._delivery._clock = site.clock
        services.watch._every = 0.05
        for _ in range(300):
            services.ledger.note(
                event("", site="news", at=int(site.clock.now), verdict="unknown", path="/")
            )
        await services.ledger.flush()
        services.tend()
        await until(lambda: receiver.ids == ["news.unknown_rate.1.firing"])
        watch = services.watch
        await until(lambda: watch.health().get("firing") == ["unknown_rate"])
        assert (await health_of(site))["alerts"] == {
            "watching": True,
            "firing": ["unknown_rate"],
            "undelivered": 0,
        }
        await services.aclose()
        await until(lambda: watch.health() == {"watching": False})


async def test_workers_without_a_folder_ring_once_that_figures_are_not_kept(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    with receiving() as receiver:
        workers = [
            make_site(
                store=f"sqlite://{tmp_path}/a-file/figures.db",
                site="news",
                alert_urls=[receiver.url],
                alert_secret=SECRET,
            )
            for _ in range(2)
        ]
        for worker in workers:
            services = worker.middleware.services
            await services.ledger.record(event(1, site="news"))
            assert services.watch is not None
            services.watch._ailing_since = -400.0 + services.watch._elapsed()
        for worker in workers:
            services = worker.middleware.services
            assert services.watch is not None
            services.watch.step()
        assert receiver.ids == ["news.journal.1.firing"]
        assert "kept in memory" in receiver.delivered[0].told["text"]
        for worker in workers:
            assert worker.middleware.services.watch is not None
            worker.middleware.services.watch.retire()
