"""Where a rule applies: hosts, their public suffixes, and lists of them."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from adguard.filters.expression import Expression, ExpressionError
from adguard.filters.rules import Places
from adguard.hosts import LONGEST_HOST, domain_of

MOST_EXPRESSIONS = 32
"""Regular expressions in one list of hosts; in use: one."""

_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[.*|.*:.*")


class PlaceError(ValueError):
    """A list of hosts is malformed."""


@lru_cache(maxsize=4_096)
def chain(host: str) -> tuple[str, ...]:
    """`a.b.c`, `b.c`, `c`: what a list of hosts may call it. An IP address stands alone."""
    if _IP.fullmatch(host):
        return (host,)
    labels = host.split(".")
    return tuple(".".join(labels[start:]) for start in range(min(len(labels), 127)))


@lru_cache(maxsize=4_096)
def entities(host: str) -> tuple[str, ...]:
    """The chain of the host without its public suffix: `www.google`, `google`."""
    domain = domain_of(host)
    _, dot, suffix = domain.partition(".")
    if not dot or _IP.fullmatch(host) or domain_of(f"x.{host}") != domain:
        return ()
    return chain(host[: len(host) - len(suffix) - 1])


def host_of(url: str) -> str:
    """The host name of a URL in lower case, or "" when it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def named(places: Places, host: str) -> bool:
    """Whether `host` is named and not excepted; one exception outweighs every name."""
    if places.not_hosts and not places.not_hosts.isdisjoint(chain(host)):
        return False
    if places.not_entities and not places.not_entities.isdisjoint(entities(host)):
        return False
    if any(expression.search(host) for expression in places.not_expressions):
        return False
    return (
        places.generic
        or not places.hosts.isdisjoint(chain(host))
        or not places.entities.isdisjoint(entities(host))
        or any(expression.search(host) for expression in places.expressions)
    )


_PLAIN = re.compile(r"[a-z0-9._-]+")


def read_places(text: str, separator: str) -> Places:
    """Reads `a.org|~b.a.org|c.*|/expression/`.

    :raises PlaceError: when it is empty or malformed.
    """
    if separator not in text and _PLAIN.fullmatch(text):
        return Places(hosts=frozenset((text,)))
    hosts: tuple[set[str], set[str]] = (set(), set())
    wild: tuple[set[str], set[str]] = (set(), set())
    patterns: tuple[list[Expression], list[Expression]] = ([], [])
    for item in _items(text, separator):
        negated = item.startswith("~")
        name = item[1:] if negated else item
        if len(name) > 2 and name[0] == name[-1] == "/":
            if len(patterns[0]) + len(patterns[1]) >= MOST_EXPRESSIONS:
                raise PlaceError(f"more than {MOST_EXPRESSIONS} regular expressions for hosts")
            patterns[negated].append(_expression(name))
        elif name.endswith(".*") and "*" not in name[:-2]:
            entity = name[:-2]
            wild[negated].add(entity.lower() if entity.isascii() else ascii_host(entity))
        elif name == "*":
            continue
        else:
            hosts[negated].add(ascii_host(name))
    return Places(
        hosts=frozenset(hosts[0]),
        entities=frozenset(wild[0]),
        expressions=tuple(patterns[0]),
        not_hosts=frozenset(hosts[1]),
        not_entities=frozenset(wild[1]),
        not_expressions=tuple(patterns[1]),
    )


def _items(text: str, separator: str) -> list[str]:
    if "/" not in text:
        return [item.strip() for item in text.split(separator)]
    found, at = [], 0
    while at <= len(text):
        body = at + 1 if text.startswith("~", at) else at
        closing = text.find("/", body + 1) if text.startswith("/", body) else -1
        while closing > 0 and text[closing - 1] == "\\":
            closing = text.find("/", closing + 1)
        end = text.find(separator, closing if closing > 0 else at)
        end = end if end >= 0 else len(text)
        found.append(text[at:end].strip())
        at = end + 1
    return found


def _expression(text: str) -> Expression:
    try:
        return Expression(text[1:-1])
    except ExpressionError as error:
        raise PlaceError(str(error)) from error


def ascii_host(name: str) -> str:
    """The host in lower case, as DNS knows it.

    :raises PlaceError: when it cannot be one.
    """
    if _PLAIN.fullmatch(name):
        return name
    name = name.lower()
    if len(name) > LONGEST_HOST:
        raise PlaceError(f"{name[:60]!r} is no host name")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise PlaceError(f"{name[:60]!r} is no host name") from error
    if not _PLAIN.fullmatch(name) and not _IP.fullmatch(name):
        raise PlaceError(f"{name[:60]!r} is no host name")
    return name
