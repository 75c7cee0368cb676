"""Faults of the page: its styles and its shape."""

from __future__ import annotations

from e2e.faults.fault import CLEAR, DROPPED, SILENT, UNJUDGED, Fault, body, head, style

STYLED = frozenset({"styled"})
PLACES = ".top-ad-container, .sponsored-post"
"""A site's own places for advertising: both elements are named."""
SMALL = PLACES + " { display: none }"
"""What it may say of them for small screens."""

STYLES = tuple(
    Fault(f"page CSS: {css}", reasons, page=style(css))
    for css, reasons in {
        "div:empty { display: none }": CLEAR,
        "span:empty { display: none }": DROPPED,
        "span { display: none !important }": DROPPED,
        "[aria-hidden] { display: none !important }": CLEAR,
        "[aria-hidden] * { display: none !important }": DROPPED,
        "[hidden] { display: none !important }": CLEAR,
        "[id^=ad] { display: none }": DROPPED,
        "[class^=ad] { display: none !important }": DROPPED,
        "[class*='ad-'] { display: none }": DROPPED,
        "[class*=advert] { display: none }": DROPPED,
        "#sidebar_ad { display: none }": UNJUDGED,
        "#sidebar_ad { display: none !important }": STYLED,
        f"@media (max-width: 4000px) {{ {SMALL} }}": UNJUDGED,
        f"{PLACES} {{ display: none !important }}": UNJUDGED,
        f"{PLACES} {{ height: 0; overflow: hidden }}": UNJUDGED,
        f"{PLACES} {{ position: fixed; bottom: 0 }}": UNJUDGED,
        "body { visibility: hidden }": CLEAR,
        "* { visibility: hidden !important }": CLEAR,
        "* { opacity: 0 }": CLEAR,
        "* { max-height: 0 !important }": CLEAR | DROPPED,
        "body { display: none }": DROPPED,
        "html { display: none !important }": DROPPED,
        "body > * { display: none !important }": CLEAR,
        "body > * > * { display: none }": DROPPED,
        "span { position: absolute; height: 0 }": DROPPED,
        "span { all: unset !important }": CLEAR | DROPPED,
        "body { display: flex; gap: 4rem; transform: scale(3) }": CLEAR,
        "html { zoom: 3 }": CLEAR,
        "html { zoom: 0.05 }": CLEAR | DROPPED,
        "html { transform: scale(0) rotate(45deg) }": CLEAR,
        "body { content-visibility: hidden }": CLEAR,
        "* { content-visibility: auto; contain: strict }": CLEAR | DROPPED,
        "* { transition: all 2s }": CLEAR,
        "@keyframes in { from { height: 0; max-height: 0 } } * { animation: in 1s }": CLEAR,
        "html { writing-mode: vertical-rl; direction: rtl }": CLEAR,
        "@media print { span { display: none !important } }": CLEAR,
    }.items()
)


def late(ready: str, milliseconds: int) -> str:
    code = f"setTimeout(() => {{ {ready} }}, {milliseconds})"
    return head(f"<style>body {{ display: none }}</style><script>{code}</script>")


FONTS = (
    Fault(
        "hidden until its font is there, after 0.5 s",
        CLEAR,
        page=late("document.body.style.display = 'block'", 500),
    ),
    Fault(
        "hidden until its font is there, after 3 s",
        DROPPED,
        page=late("document.body.style.display = 'block'", 3000),
    ),
)

TABLES = "<table><tr><td>" * 40
SHAPES = (
    Fault("no doctype", CLEAR, page="<title>Quirks</title><body bgcolor=white><p>Words.</body>"),
    Fault("no tags but text", CLEAR, page="Words and nothing else."),
    Fault(
        "XHTML served as HTML",
        CLEAR,
        page='<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title>A page</title>'
        "<script>//<![CDATA[\nvar a = 1;\n//]]></script></head>"
        "<body><p>Words.<br /></p></body></html>",
    ),
    Fault("nested tables, never closed", CLEAR, page=head("").replace("</body></html>", TABLES)),
    Fault(
        "inline tags, never closed",
        CLEAR,
        page="<!doctype html><p><b><i><font><a href=#>Words<ul><li>",
    ),
    Fault(
        "a list left open, hidden", CLEAR | DROPPED, page="<!doctype html>Words<div hidden><ul><li>"
    ),
    Fault("a text field left open", SILENT, page="<!doctype html>Words<textarea>", counted=(0,)),
    Fault(
        "a choice left open",
        SILENT | CLEAR | DROPPED,
        page="<!doctype html>Words<select><option>",
        counted=(0, 1),
    ),
    Fault("a template left open", SILENT, page="<!doctype html>Words<template>", counted=(0,)),
    Fault(
        "frames",
        SILENT | DROPPED | CLEAR,
        page='<frameset rows="*"><frame src="/blank"></frameset>',
        counted=(0, 1),
    ),
    Fault("<base> to a folder of the site", CLEAR, page=head('<base href="/some/folder/">')),
    Fault(
        "<base> to another site",
        SILENT,
        page=head('<base href="http://127.0.0.1:9/">'),
        counted=(0,),
    ),
    Fault("our snippet twice", CLEAR, page=body("{snippet}")),
    Fault(
        "a dialog in the top layer",
        CLEAR,
        page=body(
            "<dialog>Hello</dialog><script>document.querySelector('dialog').showModal()</script>"
        ),
    ),
    Fault(
        "a popover and an inert page",
        CLEAR,
        page=body(
            "<div popover id=p>Hello</div><script>document.body.inert = true; "
            "document.getElementById('p').showPopover?.()</script>"
        ),
    ),
    Fault("right to left", CLEAR, page=head("").replace("lang=en", "lang=ar dir=rtl")),
    Fault("twenty thousand elements", CLEAR, page=body("<p>Words <b>and</b> words.</p>" * 10_000)),
    Fault(
        "a sandboxed frame with the page in it",
        CLEAR,
        page=body('<iframe sandbox="allow-scripts" src="second"></iframe>'),
    ),
)
FAULTS = (*STYLES, *FONTS, *SHAPES)
