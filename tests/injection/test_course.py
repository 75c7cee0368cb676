"""The course of an exchange: order, errors, other messages, and faults of our own."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import tracemalloc
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.injection.driving import (
    HTML,
    NAVIGATION,
    PAGE,
    SNIPPET,
    Heard,
    TestSnippet,
    ask,
    body,
    heard_from,
    inject,
    page,
    raw,
    request,
    says,
    start,
)
from tests.injection.driving import receive as nothing_more

LENGTH = (b"content-length", b"%d" % len(PAGE))


def test_head_names_the_length_get_has_and_adds_no_bytes() -> None:
    got = ask(page((b"etag", b'"a"')))
    head = ask(says(start(headers=[HTML, LENGTH, (b"etag", b'"a"')]), body()), method="HEAD")
    assert head.headers == got.headers
    assert head.body == b""
    assert head.injected == 0


def test_head_of_an_app_that_sends_its_body_anyway_agrees_too() -> None:
    head = ask(page(), method="HEAD")
    assert head.headers == ask(page()).headers
    assert head.body == PAGE
    amp = page(content=b"<html amp>")
    assert ask(amp, method="HEAD").headers == ask(amp).headers


def test_head_answers_count_neither_as_pages_nor_as_skipped() -> None:
    for app in (page(), page((b"content-encoding", b"br")), page(content=b"<html amp>")):
        answer = ask(app, method="HEAD")
        assert (answer.injected, answer.skipped) == (0, [])


def test_an_error_before_the_start_passes_through() -> None:
    answer = ask(says(RuntimeError("no")))
    assert isinstance(answer.error, RuntimeError)
    assert answer.messages == []


@pytest.mark.parametrize("fields", [[HTML], [HTML, LENGTH]])
def test_an_error_in_mid_stream_passes_through_and_the_answer_is_never_closed(fields: Any) -> None:
    answer = ask(says(start(headers=fields), body(PAGE[:20], more=True), RuntimeError("no")))
    assert isinstance(answer.error, RuntimeError)
    assert answer.kinds == ["start", "body"]
    assert answer.body == PAGE[:20]
    assert answer.injected == 0


@pytest.mark.parametrize("fields", [[HTML], [HTML, LENGTH]])
def test_a_stream_the_app_leaves_open_is_not_closed_by_us(fields: Any) -> None:
    answer = ask(says(start(headers=fields), body(PAGE[:20], more=True)))
    assert answer.kinds == ["start", "body"]
    assert SNIPPET not in answer.body
    assert ask(says(start(headers=fields))).kinds == ["start"]


def test_trailers_early_hints_pushes_and_unknown_messages_pass_in_order() -> None:
    hint = {"type": "http.response.early_hint", "links": [b"x"]}
    push = {"type": "http.response.push", "path": "/a", "headers": []}
    odd = {"type": "http.response.odd", "body": b"zz", "more_body": False}
    trailers = {"type": "http.response.trailers", "headers": [(b"x", b"y")], "more_trailers": False}
    for fields in ([HTML], [HTML, LENGTH]):
        answer = ask(
            says(
                hint,
                start(headers=fields, trailers=True),
                push,
                body(PAGE[:20], more=True),
                odd,
                body(PAGE[20:]),
                trailers,
            )
        )
        assert answer.kinds == ["early_hint", "start", "push", "body", "odd", "body", "trailers"]
        assert [answer.messages[at] for at in (0, 2, 4, 6)] == [hint, push, odd, trailers]
        assert answer.start["trailers"] is True
        assert answer.body.count(SNIPPET) == 1


def test_a_digest_in_the_trailers_is_dropped_with_the_body_it_described() -> None:
    trailers = {
        "type": "http.response.trailers",
        "headers": [(b"Repr-Digest", b"x"), (b"server-timing", b"y")],
    }
    answer = ask(says(start(trailers=True), body(PAGE), trailers))
    assert answer.messages[-1]["headers"] == [(b"server-timing", b"y")]
    untouched = ask(says(start(404, trailers=True), body(PAGE), trailers))
    assert untouched.messages[-1] is trailers


@pytest.mark.parametrize("kind", ["http.response.pathsend", "http.response.zerocopysend"])
def test_an_app_that_sends_a_file_uninvited_is_left_alone(kind: str) -> None:
    app = says(start(headers=[HTML, LENGTH]), {"type": kind, "path": "/a.html"})
    answer = ask(app)
    assert answer.messages == raw(app).messages
    assert answer.skipped == ["file"]


def test_extra_keys_of_messages_are_kept() -> None:
    answer = ask(says(start(headers=[HTML, LENGTH], note=1), body(PAGE, note=2)))
    assert [message["note"] for message in answer.messages] == [1, 2]


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
async def test_websocket_and_lifespan_get_the_same_scope_receive_and_send(kind: str) -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    async def send(message: Message) -> None: ...

    scope = {"type": kind, "headers": [NAVIGATION]}
    await inject(app, Heard())(scope, nothing_more, send)
    assert seen[0] is scope
    assert seen[1] is nothing_more
    assert seen[2] is send
    assert scope == {"type": kind, "headers": [NAVIGATION]}


async def test_receive_task_and_context_are_the_caller_s() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([receive, asyncio.current_task()])
        variable.set("from the app")
        await page()(scope, receive, send)

    heard = Heard()
    await heard_from(inject(app, heard), request(), heard)
    assert seen == [nothing_more, asyncio.current_task()]
    assert variable.get() == "from the app"


def test_the_page_is_out_before_a_background_task_runs() -> None:
    order: list[str] = []
    heard = Heard()

    async def later() -> None:
        order.append(f"background after {heard.kinds}")

    app = HTMLResponse(PAGE, background=BackgroundTask(later))
    asyncio.run(heard_from(inject(app, heard), request(), heard))
    assert order == ["background after ['start', 'body']"]
    assert heard.body.count(SNIPPET) == 1


def test_a_client_that_went_away_is_the_app_s_business_and_no_error_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = Heard()

    async def gone(message: Message) -> None:
        raise OSError("gone")

    async def exchange() -> None:
        with pytest.raises(OSError, match="gone"):
            await inject(page(), heard)(request(), nothing_more, gone)

    asyncio.run(exchange())
    assert caplog.records == []
    assert heard.skipped == []


async def test_a_cancelled_request_is_cancelled_and_its_scope_given_back() -> None:
    waiting = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(PAGE[:20], more=True))
        waiting.set()
        await asyncio.Event().wait()

    heard = Heard()
    headers = [NAVIGATION, (b"range", b"bytes=1-")]
    scope = request(headers)
    task = asyncio.create_task(heard_from(inject(slow, heard), scope, heard))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.kinds == ["start", "body"]
    assert scope == request(headers)


def test_concurrent_exchanges_share_nothing() -> None:
    heard = [Heard() for _ in range(20)]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        content = b"<html><body>%d</body></html>" % scope["number"]
        await send(start(headers=[HTML, (b"content-length", b"%d" % len(content))]))
        for at in range(len(content)):
            await asyncio.sleep(0)
            await send(body(content[at : at + 1], more=at + 1 < len(content)))

    injector = inject(app, Heard())

    async def everybody() -> None:
        await asyncio.gather(
            *(heard_from(injector, request(number=at), one) for at, one in enumerate(heard))
        )

    asyncio.run(everybody())
    for at, one in enumerate(heard):
        assert one.body.replace(SNIPPET, b"") == b"<html><body>%d</body></html>" % at
        assert one.get(b"content-length") == b"%d" % len(one.body)


def test_apps_behind_a_base_http_middleware_are_injected_once() -> None:
    async def home(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def untouched(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    app = Starlette()
    app.add_route("/article", home)
    app.add_middleware(BaseHTTPMiddleware, dispatch=untouched)
    answer = ask(app)
    assert answer.body.replace(SNIPPET, b"") == PAGE
    assert answer.get(b"content-length") == b"%d" % len(answer.body)


async def test_an_exchange_leaves_nothing_for_the_garbage_collector() -> None:
    async def forget(message: Message) -> None: ...

    injectors = [
        inject(app, Heard())
        for app in (page(), page((b"etag", b'"a"'), status=304), page(content=b"<html amp>"))
    ]
    headers = [NAVIGATION, (b"range", b"bytes=1-"), (b"if-none-match", b'W/"a-v1s"')]
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            for injector in injectors:
                await injector(request(headers), nothing_more, forget)
        assert gc.collect() == 0
    finally:
        gc.enable()


class Broken(TestSnippet):
    """A snippet that fails, or is no snippet."""

    def __init__(self, made: Any) -> None:
        self.made = made

    def plain(self, root_path: str) -> bytes:
        if isinstance(self.made, Exception):
            raise self.made
        return self.made  # type: ignore[no-any-return]


@pytest.mark.parametrize("made", [RuntimeError("broken"), None, "text", 5])
def test_a_broken_snippet_costs_no_reader_the_page(
    made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for app in (page(), says(start(), body(PAGE[:9], more=True), body(PAGE[9:]))):
        answer = ask(app, snippet=Broken(made))
        assert answer.messages == raw(app).messages
        assert answer.skipped == ["fault"]
    assert caplog.records


def test_a_fault_is_logged_once_per_kind(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    injector = inject(page(), heard, Broken(RuntimeError("broken")))

    async def several() -> None:
        for _ in range(5):
            await heard_from(injector, request(), heard)

    asyncio.run(several())
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.ERROR
    assert heard.skipped == ["fault"] * 5


def test_counters_that_fail_cost_no_reader_the_page(caplog: pytest.LogCaptureFixture) -> None:
    from adguard.injection import Injector

    def broken(*_: Any) -> None:
        raise RuntimeError("no counting today")

    for app in (page(), page((b"content-encoding", b"br"))):
        heard = Heard()
        injector = Injector(app, TestSnippet(), on_skip=broken, on_inject=broken)
        asyncio.run(heard_from(injector, request(), heard))
        assert heard.error is None
        assert heard.body.replace(SNIPPET, b"") == PAGE
    assert caplog.records


def test_a_fault_after_the_length_was_promised_is_made_up_with_white_space(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: bytes) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("adguard.injection.answer.after_snippet", broken)
    answer = ask(says(start(headers=[HTML, LENGTH]), body(PAGE[:60], more=True), body(PAGE[60:])))
    assert answer.body == PAGE + b" " * len(SNIPPET)
    assert answer.get(b"content-length") == b"%d" % len(answer.body)
    assert answer.skipped == ["fault"]
    assert answer.messages[-1]["more_body"] is False
    assert caplog.records


@pytest.mark.parametrize(
    "headers", [None, 5, [(b"accept",)], [("accept", "text/html")], [(bytearray(b"a"), b"")]]
)
def test_a_request_we_cannot_read_passes_as_it_came(
    headers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    scope = {**request(), "headers": headers}
    answer = ask(page(), scope=dict(scope))
    assert answer.body.replace(SNIPPET, b"") == PAGE
    assert answer.error is None


@pytest.mark.parametrize("fields", [[(5, 5)], [None], [HTML, (memoryview(b"x"), b"y")], [()]])
@pytest.mark.parametrize("destination", [b"document", b"empty"])
def test_answer_headers_we_cannot_read_pass_as_they_came(
    fields: Any, destination: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = says(start(headers=fields), body(PAGE))
    answer = ask(app, [(b"sec-fetch-dest", destination)])
    assert answer.messages == raw(app).messages
    assert answer.error is None


def test_messages_out_of_order_are_the_server_s_to_refuse() -> None:
    messages = [body(PAGE), start(headers=[HTML, LENGTH]), start(), body(PAGE), body(b"more")]
    assert ask(says(*messages[:1], *messages[3:])).messages == [messages[0], *messages[3:]]
    assert ask(says(*messages[1:])).kinds == ["start", "start", "body", "body"]


def test_trailers_we_cannot_read_pass_as_they_came(caplog: pytest.LogCaptureFixture) -> None:
    trailers = {"type": "http.response.trailers", "headers": [None]}
    answer = ask(says(start(trailers=True), body(PAGE), trailers))
    assert answer.messages[-1] is trailers
    assert answer.body.count(SNIPPET) == 1
    assert (answer.injected, answer.skipped) == (1, [])


@pytest.mark.parametrize("content", [None, "text", 5])
def test_a_body_that_is_no_bytes_is_the_server_s_to_refuse(
    content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    message = body(content)
    answer = ask(says(start(), message))
    assert answer.messages[-1] is message


def peak_over(app: ASGIApp, injected: bool) -> int:
    """Bytes allocated at the most while the app answers into nothing."""

    async def forget(message: Message) -> None: ...

    async def exchange() -> None:
        under_test = inject(app, Heard()) if injected else app
        await under_test(request(), nothing_more, forget)
        tracemalloc.start()
        await under_test(request(), nothing_more, forget)

    try:
        asyncio.run(exchange())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [10_000, 200_000, 262_144, 1_000_000])
@pytest.mark.parametrize("chunk", [16_384, 2_000_000])
def test_memory_never_grows_by_more_than_the_chunk_and_two_kilobytes(size: int, chunk: int) -> None:
    content = PAGE.replace(b"one", b"x" * size)
    pieces = [content[at : at + chunk] for at in range(0, len(content), chunk)]
    messages = [*(body(piece, more=True) for piece in pieces[:-1]), body(pieces[-1])]
    app = says(start(headers=[HTML, (b"content-length", b"%d" % len(content))]), *messages)
    grown = peak_over(app, injected=True) - peak_over(app, injected=False)
    assert grown <= max(map(len, pieces)) + 2_048
