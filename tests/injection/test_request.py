"""The request: which ones may meet a page, and what the app sees of them."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.injection.driving import (
    NAVIGATION,
    PAGE,
    SNIPPET,
    Fields,
    TestSnippet,
    ask,
    page,
    raw,
    request,
)

ACCEPTS_HTML = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")
ANYTHING = (b"accept", b"*/*")
FOR_NOTHING = (b"sec-fetch-dest", b"empty")
# What Chromium sends for a service worker's `fetch(event.request)`.
PASSED_ON = ((b"sec-fetch-mode", b"navigate"), FOR_NOTHING)


class Watching:
    """An app that keeps the scope as it was when it was called, and answers with a page."""

    def __init__(self, answer: ASGIApp | None = None) -> None:
        self.answer = answer or page()
        self.seen: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen = dict(scope)
        await self.answer(scope, receive, send)

    def header(self, name: bytes) -> bytes | None:
        return dict(self.seen["headers"]).get(name)


@pytest.mark.parametrize(
    "headers",
    [
        [NAVIGATION],
        [(b"sec-fetch-dest", b"iframe")],
        [ACCEPTS_HTML],
        [ANYTHING],
        [],
        [(b"Sec-Fetch-Dest", b"document")],
        [NAVIGATION, (b"x-requested-with", b"com.example.reader")],
        [ACCEPTS_HTML, *PASSED_ON],
        [ACCEPTS_HTML, *PASSED_ON, (b"if-none-match", b'"a"')],
        [ACCEPTS_HTML, (b"upgrade-insecure-requests", b"1"), FOR_NOTHING],
    ],
)
def test_a_request_that_may_want_a_page_gets_the_snippet(headers: Fields) -> None:
    assert ask(page(), headers).body.count(SNIPPET) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [(b"sec-fetch-dest", b"image"), ACCEPTS_HTML],
        [FOR_NOTHING, ACCEPTS_HTML],
        [FOR_NOTHING, ACCEPTS_HTML, (b"sec-fetch-mode", b"cors")],
        [ACCEPTS_HTML, *PASSED_ON, (b"hx-request", b"true")],
        [ACCEPTS_HTML, (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"image")],
        [(b"sec-fetch-dest", b"script")],
        [(b"sec-fetch-dest", b"frame")],
        [(b"Sec-Fetch-Dest", b"empty"), ACCEPTS_HTML],
        [(b"accept", b"application/json")],
        [(b"accept", b"image/avif,image/webp")],
        [(b"Accept", b"application/json")],
        [ACCEPTS_HTML, (b"hx-request", b"true")],
        [NAVIGATION, (b"hx-request", b"true")],
        [ACCEPTS_HTML, (b"x-requested-with", b"XMLHttpRequest")],
        [NAVIGATION, (b"x-requested-with", b"XMLHttpRequest")],
        [ACCEPTS_HTML, (b"x-pjax", b"true")],
        [ACCEPTS_HTML, (b"turbo-frame", b"comments")],
        [NAVIGATION, (b"x-requested-with", b"com.example"), (b"hx-request", b"true")],
    ],
)
def test_a_request_by_a_script_or_for_a_part_is_untouched(headers: Fields) -> None:
    conditional = [*headers, (b"if-none-match", b'W/"a-v1s"'), (b"range", b"bytes=0-")]
    app = Watching(page((b"etag", b'"a"')))
    extensions: dict[str, Any] = {"http.response.pathsend": {}}
    scope = request(conditional, extensions=extensions)
    answer = ask(app, scope=scope)
    assert app.seen == request(conditional, extensions=extensions)
    assert answer.skipped == []
    assert answer.messages == raw(app).messages


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_only_methods_that_open_pages_are_touched(method: str) -> None:
    assert ask(page(), [ACCEPTS_HTML], method=method).body == PAGE
    assert ask(page(), [ACCEPTS_HTML], method="POST").injected == 1


def test_a_strong_tag_becomes_a_weak_one_that_names_the_snippet() -> None:
    assert ask(page((b"ETag", b'"abc"'))).get(b"etag") == b'W/"abc-v1s"'
    assert ask(page((b"etag", b'W/"abc"'))).get(b"etag") == b'W/"abc-v1w"'


@pytest.mark.parametrize("tag", [b"abc", b"", b'"'])
def test_what_is_no_entity_tag_never_matches_again(tag: bytes) -> None:
    ours = ask(page((b"etag", tag))).get(b"etag")
    assert ours not in {None, tag}
    app = Watching()
    ask(app, [NAVIGATION, (b"if-none-match", ours or b"")])
    assert app.header(b"if-none-match") is None


@pytest.mark.parametrize("tag", [b'"abc"', b'W/"abc"', b'""', b'"a-v1s"', '"ü"'.encode("latin-1")])
@pytest.mark.parametrize("kind", [NAVIGATION, ANYTHING])
def test_the_app_meets_the_tag_it_gave_out_and_its_304_carries_ours(
    tag: bytes, kind: tuple[bytes, bytes]
) -> None:
    ours = ask(page((b"etag", tag))).get(b"etag")
    assert ours is not None
    not_modified = Watching(page((b"etag", tag), (b"last-modified", b"x"), content=b"", status=304))
    answer = ask(not_modified, [kind, (b"if-none-match", ours)])
    assert not_modified.header(b"if-none-match") == tag
    assert answer.get(b"etag") == ours
    assert answer.get(b"last-modified") is None
    assert answer.start["status"] == 304
    assert answer.skipped == []


def test_a_304_carries_our_tag_whether_the_app_repeats_its_own_weak_or_strong() -> None:
    for repeated in (b'"abc"', b'W/"abc"'):
        app = page((b"etag", repeated), status=304, content=b"")
        assert ask(app, [NAVIGATION, (b"if-none-match", b'W/"abc-v1s"')]).get(b"etag") == (
            b'W/"abc-v1s"'
        )


def test_a_304_for_a_tag_that_is_not_ours_passes_as_it_is() -> None:
    app = page((b"etag", b'"abc"'), (b"last-modified", b"x"), status=304, content=b"")
    for tags in (b'"abc"', b'"other", "abc"', b'W/"zzz-v1s", "abc"'):
        how = [ANYTHING, (b"if-none-match", tags)]
        assert ask(app, how).messages == raw(app).messages


def test_a_new_snippet_defeats_an_old_304() -> None:
    app = Watching()
    ask(app, [NAVIGATION, (b"if-none-match", b'W/"abc-v0s"')])
    assert app.header(b"if-none-match") is None


def test_a_navigation_loses_tags_that_are_not_ours_and_keeps_those_that_are() -> None:
    app = Watching()
    field = (b"if-none-match", b'"plain", W/"abc-v1s" ,W/"d-v1w", W/"old-v0s"')
    for kind in (NAVIGATION, (b"sec-fetch-dest", b"iframe"), ACCEPTS_HTML):
        ask(app, [kind, field])
        assert app.header(b"if-none-match") == b'"abc", W/"d"'
    ask(app, [NAVIGATION, (b"if-none-match", b"*")])
    assert app.header(b"if-none-match") is None


def test_a_client_that_takes_anything_keeps_its_own_tags_and_dates() -> None:
    app = Watching()
    fields = [
        ANYTHING,
        (b"if-none-match", b'"img", *'),
        (b"if-modified-since", b"yesterday"),
        (b"range", b"bytes=5-"),
        (b"if-range", b'"img"'),
    ]
    ask(app, fields)
    assert app.seen["headers"] == fields
    ask(app, [ANYTHING, (b"if-none-match", b'"img", W/"abc-v1s"')])
    assert app.header(b"if-none-match") == b'"img", "abc"'


def test_a_navigation_asks_for_the_whole_page_whatever_its_age() -> None:
    app = Watching()
    fields = [(b"range", b"bytes=5-"), (b"if-range", b"x"), (b"if-modified-since", b"yesterday")]
    for kind in (NAVIGATION, ACCEPTS_HTML):
        ask(app, [kind, *fields, (b"host", b"h")])
        assert app.seen["headers"] == [kind, (b"host", b"h")]


def test_a_range_of_another_request_is_answered_as_the_app_wants() -> None:
    video = page((b"content-range", b"bytes 5-9/80"), (b"accept-ranges", b"bytes"), status=206)
    how = [ANYTHING, (b"range", b"bytes=5-")]
    assert ask(video, how).messages == raw(video).messages


def test_outer_middlewares_find_what_the_app_wrote_and_the_request_as_it_came() -> None:
    async def routing(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = "/articles/{name}"
        scope["root_path"] = "/mounted"
        await page()(scope, receive, send)

    headers = [NAVIGATION, (b"if-modified-since", b"x")]
    extensions: dict[str, Any] = {"http.response.pathsend": {}, "tls": {}}
    scope = request(headers, extensions=extensions)
    own = scope["headers"]
    assert ask(routing, scope=scope).injected == 1
    assert scope == {
        **request(headers, extensions=extensions),
        "route": "/articles/{name}",
        "root_path": "/mounted",
    }
    assert scope["headers"] is own
    assert scope["extensions"] is extensions


def test_headers_the_app_replaced_in_the_scope_stay_replaced() -> None:
    async def replacing(scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"] = [(b"x", b"y")]

    scope = request([NAVIGATION, (b"range", b"bytes=5-")])
    ask(replacing, scope=scope)
    assert scope["headers"] == [(b"x", b"y")]


def test_the_scope_is_given_back_when_the_app_fails() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("no")

    headers = [NAVIGATION, (b"range", b"bytes=5-")]
    scope = request(headers)
    assert isinstance(ask(failing, scope=scope).error, RuntimeError)
    assert scope == request(headers)


@pytest.mark.parametrize("name", ["http.response.pathsend", "http.response.zerocopysend"])
def test_ways_to_send_a_file_past_us_are_not_offered_for_a_page(name: str) -> None:
    app = Watching()
    extensions: dict[str, Any] = {name: {}, "http.response.trailers": {}}
    ask(app, scope=request(extensions=extensions))
    assert app.seen["extensions"] == {"http.response.trailers": {}}
    assert name in extensions


def test_a_second_layer_leaves_the_page_to_the_first() -> None:
    from tests.injection.driving import Heard, inject

    inner = Heard()
    answer = ask(inject(page(), inner))
    assert answer.body.count(SNIPPET) == 1
    assert (answer.injected, inner.injected) == (1, 0)


def test_one_scope_served_twice_in_turn_is_injected_twice() -> None:
    scope = request()
    assert [ask(page(), scope=scope).injected for _ in range(2)] == [1, 1]


def test_urls_carry_the_root_path() -> None:
    answer = ask(page(), root_path="/blog")
    assert TestSnippet().plain("/blog") in answer.body
    assert answer.get(b"content-length") == b"%d" % len(answer.body)


def test_a_snippet_whose_version_breaks_a_tag_is_refused_at_construction() -> None:
    broken = TestSnippet()
    broken.version = 'a"b'
    with pytest.raises(ValueError, match="does not fit into an entity tag"):
        ask(page(), snippet=broken)
