"""Faults of the server and of what stands between it and the reader."""

from __future__ import annotations

from e2e.faults.fault import CLEAR, DROPPED, PAGE, REFUSED, SILENT, TIMEOUT, Fault, head

FAULTY = frozenset({"faulty"})
NONCE = "script-src 'nonce-abc123'"
TYPES = "require-trusted-types-for 'script'"

ANSWERS = (
    *(
        Fault(f"the bait paths answer {status}", FAULTY, {"baits": status})
        for status in (403, 404, 500)
    ),
    Fault("a firewall answers 403 to the script's path", FAULTY, {"n1": 403}),
    Fault("a firewall answers 403 to the image's path", FAULTY, {"n2": 403}),
    Fault("a firewall answers a page to the script's path", FAULTY, {"n1": "html"}),
    Fault("a firewall answers a page to the image's path", FAULTY, {"n2": "html"}),
    Fault("a firewall answers a page to the fetch's path", FAULTY, {"n3": "html"}),
    Fault("the bait paths are redirected within the site", FAULTY, {"baits": "near"}),
    Fault("the bait paths are redirected to another site", FAULTY, {"baits": "away"}),
    Fault("the script's path is redirected to another site", FAULTY, {"n1": "away"}),
    Fault("the image's path is redirected to another site", FAULTY, {"n2": "away"}),
    Fault("the bait paths take three seconds", CLEAR, {"baits": 3.0}),
    Fault("the bait paths hang", TIMEOUT, {"baits": "hang"}),
    Fault("one bait path hangs", TIMEOUT, {"n2": "hang"}),
    Fault("the control takes three seconds", CLEAR, {"control": 3.0}),
    Fault("the control hangs", DROPPED, {"control": "hang"}, counted=(0,)),
    Fault("the control answers 500", DROPPED, {"control": 500}, counted=(0,)),
    Fault("every bait's connection drops once", CLEAR, {"baits": ("drop", 1)}),
    *(
        Fault(f"the {kind} bait's connection drops twice", CLEAR, {part: ("drop", 2)})
        for kind, part in (("script", "n1"), ("image", "n2"), ("fetch", "n3"))
    ),
    Fault(
        "every check's connection drops once",
        CLEAR | DROPPED,
        {"checks": ("drop", 1)},
        counted=(0, 1),
    ),
    Fault("every check's connection drops", DROPPED, {"checks": "drop"}, counted=(0,)),
    Fault(
        "the server restarts when the control has answered",
        DROPPED,
        {"checks": "drop", "control": (None, 1, "drop"), "report": "drop"},
    ),
    Fault(
        "the server restarts while the fetch bait is asked",
        DROPPED,
        {"n3": "drop", "control": (None, 1, "drop"), "report": "drop"},
    ),
    Fault("the report endpoint is down", CLEAR, {"report": 503}),
    Fault("the report's connection drops", CLEAR, {"report": "drop"}),
    Fault("the report hangs", CLEAR, {"report": "hang"}, counted=(0, 1)),
    Fault("a firewall answers 403 to the report", CLEAR, {"report": 403}, counted=(0,)),
    Fault(
        "a captive portal answers HTML to everything",
        DROPPED,
        {"checks": "html", "report": "html"},
        counted=(0,),
    ),
    Fault("a captive portal answers the page itself", SILENT, {"all": "html"}, counted=(0,)),
    Fault("everything takes a second", CLEAR, {"ours": 1.0}),
)
MIDDLEBOXES = (
    Fault("an HTTP cache in the browser ignores no-store", CLEAR, {"ours": "kept"}),
    Fault("an HTTP cache in front of the site ignores no-store", CLEAR, {"all": "shared"}),
    Fault("a proxy of HTTP/1.0 strips all headers but the type", CLEAR, {"ours": "bare"}),
    Fault("a proxy makes every type text/plain", DROPPED, {"checks": "text"}),
    Fault("a proxy strips the bodies", DROPPED, {"checks": "empty"}, counted=(0,)),
    Fault("a proxy says gzip of what is not", DROPPED, {"checks": "gzip"}, counted=(0,)),
    Fault("our client's connection drops", SILENT, {"client": "drop"}, counted=(0,)),
    Fault(
        "a proxy breaks our client",
        SILENT,
        {"client": "gzip"},
        browsers=("chromium",),
        counted=(0,),
    ),
    Fault(
        "a proxy breaks our client, and the browser keeps it so",
        SILENT,
        {"client": "gzip"},
        browsers=("firefox",),
        counted=(0,),
        calm=0,
        lasts=True,
    ),
)


def _policy(name: str, policy: str, reasons: frozenset[str], counted: int = 1) -> Fault:
    headers = {"content-security-policy": policy}
    return Fault(f"CSP: {name}", reasons, headers=headers, counted=(counted,))


def _meta(name: str, policy: str, reasons: frozenset[str], counted: int = 1) -> Fault:
    tag = f'<meta http-equiv="content-security-policy" content="{policy}">'
    return Fault(f"CSP in <meta>: {name}", reasons, page=head(tag), counted=(counted,))


POLICIES = (
    _policy("self only", "default-src 'self'", CLEAR),
    _policy("nothing but the nonce", f"default-src 'none'; {NONCE}", REFUSED, 0),
    _policy("a nonce", f"default-src 'none'; {NONCE}; img-src 'self'; connect-src 'self'", CLEAR),
    _policy(
        "nonce and strict-dynamic",
        f"default-src 'none'; {NONCE} 'strict-dynamic'; img-src 'self'; connect-src 'self'",
        CLEAR,
    ),
    _policy("no images", "default-src 'self'; img-src 'none'", REFUSED),
    _policy("no connections", "default-src 'self'; connect-src 'none'", REFUSED, 0),
    _policy("images from elsewhere only", "default-src 'self'; img-src data: https:", REFUSED),
    _policy(
        "styles and attributes forbidden",
        "default-src 'self'; style-src 'none'; script-src-attr 'none'",
        CLEAR,
    ),
    _policy(
        "two policies at once", "default-src 'self', img-src 'none'; connect-src 'self'", REFUSED
    ),
    _policy("Trusted Types, our policy allowed", f"{TYPES}; trusted-types site-note", CLEAR),
    _policy("Trusted Types, our policy forbidden", f"{TYPES}; trusted-types other", DROPPED),
    _policy("the page itself in a sandbox", "sandbox allow-scripts", SILENT | DROPPED, 0),
    Fault(
        "CSP that only reports",
        CLEAR,
        headers={"content-security-policy-report-only": "default-src 'none'; report-uri /blank"},
    ),
    Fault("no referrer", CLEAR, headers={"referrer-policy": "no-referrer"}),
    Fault(
        "isolated: COOP, COEP and CORP",
        CLEAR,
        headers={
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-embedder-policy": "require-corp",
            "cross-origin-resource-policy": "same-origin",
        },
    ),
    _meta("self only", "default-src 'self'", CLEAR),
    _meta("a nonce that we cannot know", f"default-src 'none'; {NONCE}", SILENT, 0),
    _meta("no images", "default-src 'self'; img-src 'none'", REFUSED),
    _meta("no connections", "default-src 'self'; connect-src 'none'", REFUSED, 0),
    _meta("Trusted Types, our policy allowed", f"{TYPES}; trusted-types site-note", CLEAR),
    _meta("Trusted Types, our policy forbidden", f"{TYPES}; trusted-types other", DROPPED),
)
MOUNTS = (
    Fault("another prefix", CLEAR, options={"prefix": "/paper/notes"}),
    Fault("mounted below a path", CLEAR, root="/paper"),
)
MANUAL = (
    Fault(
        "CSP in <meta>: nonce and strict-dynamic, our tag written by hand",
        CLEAR,
        page=PAGE.format(
            head='<meta http-equiv="content-security-policy" content="default-src \'none\'; '
            f"{NONCE} 'strict-dynamic'; img-src 'self'; connect-src 'self'\">",
            body="{nonced}",
        ),
        options={"inject": "manual"},
    ),
)
FAULTS = (*ANSWERS, *MIDDLEBOXES, *POLICIES, *MANUAL, *MOUNTS)
