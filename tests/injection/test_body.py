"""The body: where the snippet goes, what is never touched, what passes at once."""

from __future__ import annotations

import pytest
from starlette.types import Message

from tests.injection.driving import HTML, PAGE, SNIPPET, ask, body, page, raw, says, start

INSIDE = PAGE.replace(b"</body>", SNIPPET + b"</body>")


def lengthed(content: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(content)


def test_a_page_gets_the_snippet_before_its_closing_tags() -> None:
    answer = ask(page())
    assert answer.body == INSIDE
    assert answer.injected == 1
    assert answer.skipped == []


def test_chunks_pass_at_once_and_only_the_last_changes() -> None:
    chunks = [PAGE[:30], PAGE[30:50], PAGE[50:]]
    messages = [body(chunk, more=True) for chunk in chunks[:2]] + [body(chunks[2])]
    answer = ask(says(start(), *messages))
    assert answer.messages[1] is messages[0]
    assert answer.messages[2] is messages[1]
    assert answer.kinds == ["start", "body", "body", "body"]
    assert answer.body == INSIDE


def test_the_start_goes_out_before_a_slow_first_chunk_when_no_length_is_named() -> None:
    seen: list[int] = []
    heard = ask_watching(seen, says(start(), body(PAGE)))
    assert heard == INSIDE
    assert seen == [1]


def ask_watching(seen: list[int], app: object) -> bytes:
    """Counts the messages that are out before the app sends its first chunk."""
    from typing import Any

    from tests.injection.driving import Heard, heard_from, inject, request

    heard = Heard()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def counting(message: Any) -> None:
            if message["type"] == "http.response.body":
                seen.append(len(heard.messages))
            await send(message)

        await app(scope, receive, counting)  # type: ignore[operator]

    import asyncio

    asyncio.run(heard_from(inject(watched, heard), request(), heard))
    return heard.body


@pytest.mark.parametrize("cut", range(len(PAGE) - 16, len(PAGE)))
def test_a_closing_tag_split_across_chunks_still_brings_exactly_one_snippet(cut: int) -> None:
    answer = ask(says(start(), body(PAGE[:cut], more=True), body(PAGE[cut:])))
    assert answer.body.count(SNIPPET) == 1
    assert answer.body.replace(SNIPPET, b"") == PAGE


@pytest.mark.parametrize(
    "content",
    [
        b"\n",
        b"plain words",
        b"<p>no closing tags",
        b"<!doctype html><p>one</p>\n",
        b"a < b and b > c",
    ],
)
def test_a_page_without_closing_tags_gets_the_snippet_at_its_end(content: bytes) -> None:
    answer = ask(page(content=content))
    assert answer.body == content + SNIPPET


@pytest.mark.parametrize(
    "tail",
    [
        b"<script>let a = '</body></html>';</script>",
        b"<!-- </body></html> -->",
        b"<textarea></body></html></textarea>",
        b"<a title='</body></html>'>x</a>",
    ],
)
def test_a_closing_tag_inside_a_trailing_script_comment_textarea_or_attribute_stays_whole(
    tail: bytes,
) -> None:
    content = b"<!doctype html><html><body>" + tail
    assert ask(page(content=content)).body == content + SNIPPET


@pytest.mark.parametrize(
    "end", [b"</BODY></HTML>", b"</body >\r\n</html\t>\n\n", b"</body>", b"</Body>\n</html>"]
)
def test_any_spelling_of_the_closing_tags_is_known(end: bytes) -> None:
    content = b"<!doctype html><p>x" + end
    assert ask(page(content=content)).body == b"<!doctype html><p>x" + SNIPPET + end


def test_much_white_space_at_the_end_costs_no_searching_and_gets_the_snippet_after_it() -> None:
    content = PAGE + b" " * 100_000
    assert ask(page(content=content)).body == content + SNIPPET


@pytest.mark.parametrize("content", [b"<p>x</p><a href='", b"<p>x</p><!-- cut of", b"<p>x</p></di"])
def test_a_page_that_ends_within_a_tag_is_left_alone(content: bytes) -> None:
    answer = ask(page(content=content))
    assert answer.messages == raw(page(content=content)).messages
    assert answer.skipped == ["unfinished"]


def test_a_streamed_page_that_ends_within_a_tag_keeps_its_promised_length_by_white_space() -> None:
    first, last = b"<!doctype html><html><p>one</p>", b"<a href='"
    answer = ask(
        says(start(headers=[HTML, lengthed(first + last)]), body(first, more=True), body(last))
    )
    assert answer.body == first + last + b" " * len(SNIPPET)
    assert answer.get(b"content-length") == b"%d" % len(answer.body)
    assert answer.injected == 0
    assert answer.skipped == ["unfinished"]


def test_an_empty_last_chunk_after_closed_tags_carries_the_snippet() -> None:
    answer = ask(says(start(), body(PAGE, more=True), body(b"")))
    assert answer.body == PAGE + SNIPPET
    assert answer.kinds == ["start", "body", "body"]


def test_a_large_page_is_followed_by_the_snippet_instead_of_being_copied() -> None:
    content = PAGE.replace(b"one", b"x" * 300_000)
    answer = ask(page(content=content))
    assert answer.kinds == ["start", "body", "body"]
    assert answer.messages[1]["body"] is not None
    assert answer.body == content + SNIPPET
    assert answer.get(b"content-length") == b"%d" % len(answer.body)
    assert [m.get("more_body") for m in answer.messages[1:]] == [True, False]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bodies_of_other_byte_types_are_handled(kind: type) -> None:
    whole = ask(says(start(headers=[HTML, lengthed(PAGE)]), body(kind(PAGE))))
    assert whole.body == INSIDE
    parts = ask(says(start(), body(kind(PAGE[:40]), more=True), body(kind(PAGE[40:]))))
    assert parts.body == INSIDE


def test_a_body_message_without_body_or_more_body_is_the_last() -> None:
    answer = ask(says(start(), body(PAGE, more=True), {"type": "http.response.body"}))
    assert answer.body == PAGE + SNIPPET


@pytest.mark.parametrize(
    "messages",
    [
        [body()],
        [{"type": "http.response.body"}],
        [body(more=True), body(memoryview(b""), more=True), body()],
    ],
)
@pytest.mark.parametrize("fields", [[HTML], [HTML, lengthed(b"")]])
def test_an_empty_answer_is_no_page_and_stays_empty(
    messages: list[Message], fields: list[tuple[bytes, bytes]]
) -> None:
    answer = ask(says(start(headers=fields), *messages))
    assert (answer.body, answer.injected, answer.skipped) == (b"", 0, ["empty"])
    assert answer.headers == fields


def test_head_of_an_empty_answer_names_no_length_that_get_has_not() -> None:
    empty = page((b"etag", b'"a"'), content=b"")
    assert ask(empty, method="HEAD").headers == ask(empty).headers == raw(empty).headers


def test_an_empty_answer_without_a_length_has_the_tag_that_head_names() -> None:
    empty = says(start(headers=[HTML, (b"etag", b'"a"')]), body())
    assert ask(empty, method="HEAD").headers == ask(empty).headers


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><html amp><body>x</body></html>",
        b"<!DOCTYPE html>\n<html lang=en AMP=''>",
        "<!doctype html><html ⚡>".encode(),
        "<!-- made by hand --><!doctype html><html lang='a>b' ⚡4ads>".encode(),
        b"\xef\xbb\xbf<html data-x=1 amp4email>",
    ],
)
def test_an_amp_page_is_untouched(content: bytes) -> None:
    answer = ask(page(content=content))
    assert answer.messages == raw(page(content=content)).messages
    assert answer.skipped == ["amp"]


@pytest.mark.parametrize(
    "content",
    [b"<html class=amp>", b"<html lang='amp'>", b"<html data-amp>", b"<p>amp</p><html amp>"],
)
def test_a_page_that_only_speaks_of_amp_is_a_page_like_any_other(content: bytes) -> None:
    assert ask(page(content=content)).injected == 1


def test_an_amp_page_in_small_chunks_is_recognised() -> None:
    pieces = [b"<!doctype html>", b"<ht", b"ml lang=en ", b"amp>", b"<body>x</body></html>"]
    messages = [*(body(piece, more=True) for piece in pieces[:-1]), body(pieces[-1])]
    answer = ask(says(start(), *messages))
    assert answer.body == b"".join(pieces)
    assert answer.messages[1:] == messages


def test_an_amp_page_in_small_chunks_with_a_length_gets_white_space_only() -> None:
    pieces = [b"<!doctype html>", b"<html amp>", b"<body>x</body></html>"]
    whole = b"".join(pieces)
    messages = [*(body(piece, more=True) for piece in pieces[:-1]), body(pieces[-1])]
    answer = ask(says(start(headers=[HTML, lengthed(whole)]), *messages))
    assert answer.body == whole + b" " * len(SNIPPET)
    assert answer.get(b"content-length") == b"%d" % len(answer.body)
    assert answer.skipped == ["amp"]


def test_a_page_that_has_not_begun_within_a_kilobyte_is_a_page_like_any_other() -> None:
    preamble = b"<!--" + b" licence " * 200 + b"-->"
    pieces = [preamble[:500], preamble[500:], b"<html amp><body>x</body></html>"]
    messages = [*(body(piece, more=True) for piece in pieces[:-1]), body(pieces[-1])]
    assert ask(says(start(), *messages)).injected == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_page_whose_first_bytes_say_utf_16_is_untouched(encoding: str) -> None:
    content = "\ufeff<html><body>x</body></html>".encode(encoding)
    answer = ask(page(content=content))
    assert answer.body == content
    assert answer.skipped == ["charset"]


def test_an_app_that_sends_more_or_less_than_it_declared_fails_as_it_would_without_us() -> None:
    for declared in (b"10", b"99999"):
        app = says(start(headers=[HTML, (b"content-length", declared)]), body(PAGE))
        answer = ask(app)
        assert answer.messages == raw(app).messages
        assert answer.skipped == ["length"]


def test_a_stream_shorter_than_declared_gets_no_snippet() -> None:
    app = says(
        start(headers=[HTML, (b"content-length", b"5000")]),
        body(b"<!doctype html><html><body>", more=True),
        body(b"cut off"),
    )
    assert ask(app).body == b"<!doctype html><html><body>cut off"
