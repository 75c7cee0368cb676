"""Any page cut into any chunks: the same tree, and one snippet."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from adguard import Settings
from adguard.assets import Assets
from adguard.injection.markup import untouchable
from tests.injection.driving import HTML, Heard, ask, body, says, start

REAL = Assets(Settings(secret_key="s" * 32, store="none")).snippet
SNIPPET = REAL.plain("")

WORDS = st.text(alphabet="ab cdé⚡&;=\"'\n", max_size=12)
RAW = st.sampled_from(
    ["</body>", "</html>", "<p>", "a<b", "</body></html>", "<!doctype html>", "\n", "x"]
)
ATTRIBUTES = st.sampled_from(["", " id=a", " title='</body>'", ' class="</html> b"', " hidden"])
# Left open, these never hide what follows them.
BLOCKS = ["div", "p", "ul", "li", "section", "b", "i", "a", "em", "main", "h2", "span"]


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    closed = st.builds(
        "<{0}{1}>{2}</{0}>".format,
        st.sampled_from(
            [*BLOCKS, "table", "template", "svg", "form", "button", "select", "noscript"]
        ),
        ATTRIBUTES,
        children,
    )
    left_open = st.builds("<{0}{1}>{2}".format, st.sampled_from(BLOCKS), ATTRIBUTES, children)
    return closed | left_open


HIDING = st.builds(
    lambda pair, content: pair[0] + content + pair[1],
    st.sampled_from(
        [
            ("<script>", "</script>"),
            ("<style>", "</style>"),
            ("<!-- ", " -->"),
            ("<textarea>", "</textarea>"),
            ("<title>", "</title>"),
        ]
    ),
    st.lists(RAW, max_size=4).map("".join),
)
MARKUP = st.recursive(
    WORDS | HIDING,
    lambda inner: st.lists(element(inner) | WORDS | HIDING, max_size=4).map("".join),
    max_leaves=12,
)
DOCTYPES = st.sampled_from(
    ["", "<!doctype html>", "<!DOCTYPE html>\n", "<!-- by hand -->\n<!doctype html>\n"]
)
HEADS = st.sampled_from(
    ["", "<html>", '<html lang="en">\n<head><title>a</title></head>\n', "<head></head>"]
)
ENDS = st.sampled_from(
    [
        "",
        "\n",
        "</body></html>",
        "</body>\n</html>\n",
        "</BODY ></HTML>",
        "</body>",
        "</html>",
        "</body></html><!-- cached -->",
        "</body>\n</html>\n\n\n",
        "</body>trailing",
    ]
)
DOCUMENTS = st.builds(
    lambda *parts: "".join(parts),
    DOCTYPES,
    HEADS,
    st.sampled_from(["", "<body>", "<body class=a>"]),
    MARKUP,
    ENDS,
).filter(bool)


def cut(content: bytes, points: list[int]) -> list[bytes]:
    places = [0, *sorted(point % (len(content) + 1) for point in points), len(content)]
    return [content[left:right] for left, right in pairwise(places)]


def through(content: bytes, points: list[int], *, length: bool) -> Heard:
    pieces = cut(content, points)
    fields = [HTML, (b"content-length", b"%d" % len(content))] if length else [HTML]
    messages = [*(body(piece, more=True) for piece in pieces[:-1]), body(pieces[-1])]
    return ask(says(start(headers=fields), *messages), snippet=REAL)


# A parser reopens these around whatever follows a block in which the page left one open: around
# our nodes, or around white space. Neither with the snippet nor without do such count.
FORMATTING = {"a", "b", "i", "em"}
OURS = "[data-site-row], script[src*='_site/client']"


def lexbor_tree(content: bytes) -> str:
    tree = LexborHTMLParser(content.decode())
    for node in tree.css(OURS):
        node.decompose()
    html, before = tree.html or "", None
    while html != before:
        before, html = html, re.sub(r"<(a|b|i|em)( [^<>]*)?>(\s*)</\1>", r"\3", html)
    return html


def _without_snippet(parent: Element) -> None:
    for at, child in reversed(list(enumerate(parent))):
        _without_snippet(child)
        ours = child.get("data-site-row") or "_site/client" in (child.get("src") or "")
        inside = "" if ours else child.text or ""
        if not ours and (child.tag not in FORMATTING or len(child) or inside.strip()):
            continue
        left = inside + (child.tail or "")
        if at:
            parent[at - 1].tail = (parent[at - 1].tail or "") + left
        else:
            parent.text = (parent.text or "") + left
        parent.remove(child)


def html5lib_tree(content: bytes) -> str:
    tree: Any = html5lib.parse(content.decode(), namespaceHTMLElements=False)
    _without_snippet(tree)
    return str(html5lib.serialize(tree, omit_optional_tags=False, quote_attr_values="always"))


CUTS = st.lists(st.integers(0, 10_000), max_size=6)


@settings(deadline=None)
@given(DOCUMENTS, CUTS, st.booleans())
def test_the_tree_is_the_page_s_own_but_for_one_snippet(
    document: str, points: list[int], length: bool
) -> None:
    content = document.encode()
    answer = through(content, points, length=length)
    assert answer.body.count(SNIPPET) == 1
    assert answer.body.replace(SNIPPET, b"") == content
    assert answer.injected == 1
    assert html5lib_tree(answer.body) == html5lib_tree(content)
    assert lexbor_tree(answer.body) == lexbor_tree(content)


@settings(deadline=None)
@given(DOCUMENTS, CUTS)
def test_however_a_page_is_cut_its_length_is_the_one_promised(
    document: str, points: list[int]
) -> None:
    answer = through(document.encode(), points, length=True)
    assert answer.get(b"content-length") == b"%d" % len(answer.body)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="<>/!-bodyhtml amp'\"⚡", max_size=80), CUTS)
def test_whatever_the_bytes_they_are_all_there_and_in_order(
    document: bytes | str, points: list[int]
) -> None:
    content = document if isinstance(document, bytes) else document.encode()
    answer = through(content, points, length=True)
    assert answer.get(b"content-length") == b"%d" % len(answer.body)
    added = len(answer.body) - len(content)
    if answer.injected:
        assert answer.body.replace(SNIPPET, b"", 1) == content
    else:
        assert answer.body == content + b" " * added
        assert len(answer.skipped) == 1


@settings(deadline=None)
@given(st.binary(max_size=1_500))
def test_the_first_bytes_always_come_to_a_verdict_within_a_kilobyte(head: bytes) -> None:
    verdict = untouchable(head)
    assert verdict in {"", "amp", "charset", None}
    if len(head) >= 1_024:
        assert verdict is not None
