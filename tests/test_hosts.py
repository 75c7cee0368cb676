"""Hosts: who belongs together, and how browsers write a URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.hosts import by_domain, domain_of, normal_url, written_forms


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("securepubads.g.doubleclick.net", "doubleclick.net"),
        ("ads.news.co.uk", "news.co.uk"),
        ("one.github.io", "one.github.io"),
        ("example.org", "example.org"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("one.localhost", "one.localhost"),
        ("a.b.made-up", "b.made-up"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_the_domain_of_a_host_is_what_its_owner_registered(host: str, domain: str) -> None:
    assert domain_of(host) == domain


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Ads.Example/Tag.js", "https://ads.example/Tag.js"),
        ("https://ads.example:443/tag.js", "https://ads.example/tag.js"),
        ("http://ads.example:80", "http://ads.example/"),
        ("http://ads.example:443/tag.js", "http://ads.example:443/tag.js"),
        ("https://ads.example/tag.js?a=b&c#d", "https://ads.example/tag.js?a=b&c"),
        ("https://ads.example?a=ü b", "https://ads.example/?a=%C3%BC%20b"),
        ("https://ads.example/ü/%C3%BC", "https://ads.example/%C3%BC/%C3%BC"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://[::1]:8000/tag.js", "https://[::1]:8000/tag.js"),
    ],
)
def test_a_url_is_written_as_browsers_write_it(url: str, normal: str) -> None:
    assert normal_url(url) == normal
    assert normal_url(normal) == normal


@pytest.mark.parametrize(
    "url",
    [
        *("", "/tag.js", "//ads.example/tag.js", "ftp://ads.example/", "https:///tag.js"),
        *("https://me@ads.example/", "https://ads.example:x/", "https://[::1/", "data:text/js,1"),
        "https://ads..example/ü".replace("ads", "ü" * 70),
        f"https://{'a.' * 150}example/",
    ],
)
def test_what_is_no_absolute_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (UnicodeError is one)
        normal_url(url)


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://ads.example/{text}"):
        try:
            normal = normal_url(url)
        except ValueError:
            continue
        assert normal.isascii()
        assert "#" not in normal


@pytest.mark.parametrize(
    ("host", "forms"),
    [
        ("ads.example", ("ads.example",)),
        ("xn--bcher-kva.example", ("xn--bcher-kva.example", "bücher.example")),
        ("xn--a.example", ("xn--a.example",)),
    ],
)
def test_a_host_has_the_form_that_dns_knows_and_the_one_that_people_write(
    host: str, forms: tuple[str, ...]
) -> None:
    assert written_forms(host) == forms


def test_urls_are_gathered_by_domain_in_the_order_given() -> None:
    urls = ["https://a.one.test/1", "https://two.test/2", "https://b.one.test/3"]
    assert by_domain(urls) == {"one.test": [urls[0], urls[2]], "two.test": [urls[1]]}
    assert list(by_domain(urls)) == ["one.test", "two.test"]
    assert by_domain([]) == {}
