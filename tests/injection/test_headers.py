"""Status and header fields: what keeps an answer as it is, and what changes with the body."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.injection.driving import (
    HTML,
    NAVIGATION,
    PAGE,
    SNIPPET,
    TestSnippet,
    ask,
    body,
    page,
    raw,
    says,
    start,
)

LENGTH = len(PAGE)


def assert_untouched(app: Any, reason: str | None, **how: Any) -> None:
    answer = ask(app, **how)
    assert answer.messages == raw(app, **how).messages
    assert answer.injected == 0
    assert answer.skipped == ([] if reason is None else [reason])


def test_the_length_grows_by_the_snippet_in_place() -> None:
    fields = [(b"x-a", b"1"), (b"content-length", b"%d" % LENGTH), HTML, (b"x-b", b"2")]
    answer = ask(says(start(headers=fields), body(PAGE)))
    grown = b"%d" % (LENGTH + len(SNIPPET))
    assert answer.headers == [(b"x-a", b"1"), (b"content-length", grown), HTML, (b"x-b", b"2")]
    assert len(answer.body) == int(grown)


@pytest.mark.parametrize("name", [b"Content-Length", b"CONTENT-LENGTH", b"content-length"])
def test_any_letter_case_of_header_names_is_known_and_kept(name: bytes) -> None:
    fields = [(b"Content-Type", b"Text/HTML"), (name, b"%d" % LENGTH)]
    answer = ask(says(start(headers=fields), body(PAGE)))
    assert answer.headers[1] == (name, b"%d" % (LENGTH + len(SNIPPET)))


def test_an_app_that_reuses_its_header_list_never_finds_it_changed() -> None:
    fields = [HTML, (b"content-length", b"%d" % LENGTH), (b"etag", b'"a"'), (b"digest", b"x")]
    before = list(fields)
    first = start(headers=fields)
    app = says(first, body(PAGE))
    grown = b"%d" % (LENGTH + len(SNIPPET))
    assert [ask(app).get(b"content-length") for _ in range(3)] == [grown] * 3
    assert fields == before
    assert first["headers"] is fields


@pytest.mark.parametrize("value", [b"-5", b"1_0", b"ten", b"", b"5, 5"])
def test_a_length_that_is_no_number_leaves_the_answer_alone(value: bytes) -> None:
    assert_untouched(says(start(headers=[HTML, (b"content-length", value)]), body(PAGE)), "headers")


@pytest.mark.parametrize("field", [HTML, (b"content-length", b"81"), (b"etag", b'"b"')])
def test_a_field_that_stands_twice_leaves_the_answer_alone(field: tuple[bytes, bytes]) -> None:
    fields = [HTML, (b"content-length", b"81"), (b"etag", b'"a"'), field]
    assert_untouched(says(start(headers=fields), body(PAGE)), "headers")


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd", b"GZIP", b"identity, gzip"])
def test_an_encoded_body_is_untouched(coding: bytes) -> None:
    assert_untouched(page((b"content-encoding", coding)), "encoding")


@pytest.mark.parametrize("coding", [b"identity", b" Identity ", b""])
def test_the_identity_coding_is_no_coding(coding: bytes) -> None:
    answer = ask(page((b"content-encoding", coding)))
    assert answer.injected == 1
    assert answer.get(b"content-encoding") == coding


def test_what_is_no_longer_true_of_the_body_is_dropped() -> None:
    stale = [b"Last-Modified", b"Content-MD5", b"Digest", b"Content-Digest", b"repr-digest"]
    answer = ask(page(*((name, b"x") for name in stale), (b"accept-ranges", b"bytes")))
    assert [name for name, _ in answer.headers] == [b"content-type", b"content-length"]


def test_what_is_true_of_a_body_left_alone_is_kept() -> None:
    fields = [(b"last-modified", b"x"), (b"digest", b"y"), (b"accept-ranges", b"bytes")]
    assert_untouched(page(*fields, (b"etag", b'"a"'), (b"content-encoding", b"br")), "encoding")


@pytest.mark.parametrize("status", [201, 203, 204, 206, 301, 404, 500, 503])
def test_any_status_but_200_is_untouched(status: int) -> None:
    assert_untouched(page(status=status), "status")


def test_a_part_of_a_page_is_untouched() -> None:
    content_range = (b"content-range", b"bytes 0-9/100")
    assert_untouched(page(content_range, status=206), "status")
    assert_untouched(page(content_range), "range")


@pytest.mark.parametrize("value", [b"no-transform", b"public, No-Transform, max-age=5"])
def test_no_transform_is_obeyed(value: bytes) -> None:
    assert_untouched(page((b"cache-control", value)), "no-transform")
    assert_untouched(page((b"cache-control", b"public"), (b"Cache-Control", value)), "no-transform")


@pytest.mark.parametrize("value", [b"attachment", b'Attachment; filename="a.html"'])
def test_a_download_is_untouched(value: bytes) -> None:
    assert_untouched(page((b"content-disposition", value)), "attachment")
    assert ask(page((b"content-disposition", b"inline"))).injected == 1


@pytest.mark.parametrize("name", [b"X-Accel-Redirect", b"x-sendfile"])
def test_an_answer_whose_body_the_front_server_sends_is_untouched(name: bytes) -> None:
    assert_untouched(page((name, b"/files/a.html")), "file")


@pytest.mark.parametrize(
    "media",
    [
        b"application/xhtml+xml",
        b"application/json",
        b"text/plain",
        b"text/html-sandboxed",
        b"text/htmlx",
        b"image/png",
        b"",
    ],
)
def test_only_text_html_is_a_page(media: bytes) -> None:
    assert_untouched(says(start(headers=[(b"content-type", media)]), body(PAGE)), None)


def test_an_answer_without_content_type_or_without_headers_is_untouched() -> None:
    assert_untouched(says(start(headers=[]), body(PAGE)), None)
    bare = {"type": "http.response.start", "status": 200}
    assert_untouched(says(bare, body(PAGE)), None)


@pytest.mark.parametrize("media", [b"text/html", b"TEXT/HTML;charset=UTF-8", b" text/html ; x=y"])
def test_any_spelling_of_text_html_is_a_page(media: bytes) -> None:
    assert ask(says(start(headers=[(b"content-type", media)]), body(PAGE))).injected == 1


@pytest.mark.parametrize(
    "charset",
    [b"utf-16", b"UTF-16LE", b"utf_16", b'"utf-32"', b"iso-2022-jp", b"ISO-2022-KR", b"ucs-2"],
)
def test_an_encoding_that_ascii_does_not_fit_into_is_untouched(charset: bytes) -> None:
    media = b"text/html; charset=" + charset
    assert_untouched(says(start(headers=[(b"content-type", media)]), body(PAGE)), "charset")


def test_a_latin_1_page_keeps_its_bytes() -> None:
    content = "<html><body>Übergröße</body></html>".encode("latin-1")
    media = (b"content-type", b"text/html; charset=iso-8859-1")
    answer = ask(says(start(headers=[media]), body(content)))
    assert answer.body.replace(SNIPPET, b"") == content
    assert answer.injected == 1


def test_the_opt_out_header_keeps_a_page_as_it_is_and_never_leaves_the_house() -> None:
    answer = ask(page((b"Site-Note", b" Off "), (b"x-a", b"1")))
    assert answer.body == PAGE
    assert answer.headers == [HTML, (b"content-length", b"%d" % LENGTH), (b"x-a", b"1")]
    assert answer.skipped == ["opted-out"]


@pytest.mark.parametrize("media", [b"text/html", b"application/json"])
def test_the_opt_out_header_is_stripped_from_every_answer_to_a_page_request(media: bytes) -> None:
    fields = [(b"content-type", media), (b"site-note", b"off")]
    answer = ask(says(start(headers=fields), body(PAGE)), (NAVIGATION,))
    assert answer.headers == fields[:1]
    assert answer.body == PAGE


def test_an_answer_to_anything_but_a_page_request_is_not_even_looked_at() -> None:
    fields = [(b"content-type", b"image/png"), (b"site-note", b"off")]
    answer = ask(says(start(headers=fields), body(b"png")), ((b"sec-fetch-dest", b"image"),))
    assert answer.headers == fields


def test_an_opt_out_header_that_says_something_else_does_not_opt_out() -> None:
    answer = ask(page((b"site-note", b"on")))
    assert answer.injected == 1
    assert answer.get(b"site-note") is None


def test_several_cookies_keep_their_order() -> None:
    cookies = [(b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2"), (b"set-cookie", b"a=3")]
    answer = ask(page(*cookies, (b"etag", b'"x"'), (b"last-modified", b"y")))
    assert [field for field in answer.headers if field[0].lower() == b"set-cookie"] == cookies


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_header_fields_in_any_iterable_and_of_any_pair_are_handled(kind: Any) -> None:
    pairs = [[b"content-type", b"text/html"], [b"content-length", b"%d" % LENGTH], [b"x", b"y"]]
    answer = ask(says(start(headers=kind(pairs)), body(PAGE)))
    assert answer.injected == 1
    assert answer.get(b"content-length") == b"%d" % (LENGTH + len(SNIPPET))
    untouched = ask(says(start(404, headers=kind(pairs)), body(PAGE)))
    assert [list(pair) for pair in untouched.headers] == pairs


def test_two_visitors_get_the_same_bytes() -> None:
    first = ask(page(), [NAVIGATION, (b"cookie", b"a=1"), (b"user-agent", b"one")])
    second = ask(page(), [NAVIGATION, (b"cookie", b"b=2"), (b"user-agent", b"two")])
    assert first.messages == second.messages


POLICIES = [
    (b"script-src 'nonce-abc123='", b"abc123="),
    (b"script-src 'self' 'nonce-abc'", b"abc"),
    (b"default-src 'nonce-abc'", b"abc"),
    (b"default-src 'nonce-no'; script-src 'nonce-no'; script-src-elem 'nonce-abc'", b"abc"),
    (b"SCRIPT-SRC 'NONCE-abc' 'strict-dynamic'", b"abc"),
    (b"script-src 'self' 'nonce-no', script-src 'nonce-abc'", b"abc"),
    (b"script-src 'self'", None),
    (b"style-src 'nonce-abc'", None),
    (b"default-src 'nonce-abc'; script-src 'self'", None),
    (b"script-src 'nonce-\"><b>'", None),
    (b"", None),
]


@pytest.mark.parametrize(("policy", "nonce"), POLICIES)
def test_a_nonce_for_scripts_is_copied_from_the_policy(policy: bytes, nonce: bytes | None) -> None:
    answer = ask(page((b"content-security-policy", policy)))
    made = TestSnippet()
    expected = made.plain("") if nonce is None else made.nonced("", nonce)
    assert expected in answer.body
    assert answer.get(b"content-length") == b"%d" % len(answer.body)
    assert answer.get(b"content-security-policy") == policy


def test_of_several_policies_the_one_that_needs_a_nonce_gives_it() -> None:
    fields = [
        (b"content-security-policy-report-only", b"script-src 'nonce-reported'"),
        (b"content-security-policy", b"script-src 'self' 'nonce-spare'"),
        (b"content-security-policy", b"script-src 'strict-dynamic' 'self' 'nonce-needed'"),
    ]
    answer = ask(page(*fields))
    assert TestSnippet().nonced("", b"needed") in answer.body
    assert answer.headers[2:] == fields


def test_a_nonce_that_is_only_reported_is_copied_too() -> None:
    answer = ask(page((b"Content-Security-Policy-Report-Only", b"script-src 'nonce-abc'")))
    assert TestSnippet().nonced("", b"abc") in answer.body


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (b"script-src 'none'", True),
        (b"default-src 'none'", True),
        (b"script-src 'strict-dynamic' 'sha256-x'", True),
        (b"script-src 'nonce-a', script-src 'nonce-b'", True),
        (b"sandbox; script-src 'self'", True),
        (b"sandbox allow-scripts; script-src 'self'", False),
        (b"script-src 'self'", False),
        (b"script-src https://www.example.org", False),
        (b"script-src 'nonce-a'", False),
        (b"img-src 'none'", False),
    ],
)
def test_a_policy_that_shuts_our_script_out_is_told_in_the_debug_log(
    policy: bytes, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="adguard"):
        ask(page((b"content-security-policy", policy)))
    assert ["keeps our script out" in record.getMessage() for record in caplog.records] == (
        [True] if told else []
    )


def test_the_app_s_own_root_path_stands_in_the_snippet_even_when_a_mount_extends_it() -> None:
    async def mounting(scope: Any, receive: Any, send: Any) -> None:
        scope.update({"root_path": "/blog/inner", "path": "/x"})
        await page()(scope, receive, send)

    answer = ask(mounting, root_path="/blog")
    assert TestSnippet().plain("/blog") in answer.body
