"""One delivery: signed, bounded, following nothing."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from adguard.alerts import post, sign
from adguard.alerts.webhook import host_of, name_of
from e2e.harness.missing import INSTALL, MissingError, skip_or_fail
from tests.alerts.receiver import (
    Behaviour,
    Receiver,
    answer,
    drip,
    drop,
    fail,
    hang,
    receiving,
)

SECRET = "s" * 32
BODY = b'{"text": "\xc3\xbc"}'


def send(url: str, **times: float) -> tuple[bool, str]:
    return post(url, SECRET, "news.block_rate.1.firing", BODY, 1_800_000_000.9, **times)


def test_a_delivery_is_signed_over_its_time_and_body(receiver: Receiver) -> None:
    assert send(receiver.url) == (True, "answered 204")
    (got,) = receiver.delivered
    stamp = got.headers["alert-timestamp"]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + got.body, hashlib.sha256)
    assert got.headers["alert-signature"] == f"v1={expected.hexdigest()}"
    assert stamp == "1800000000"
    assert got.body == BODY
    assert got.headers["alert-id"] == "news.block_rate.1.firing"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == receiver.url.split("/")[2]


def test_the_signature_depends_on_secret_time_and_body() -> None:
    made = {
        sign(secret, at, body) for secret in ("a", "b") for at in (1, 2) for body in (b"1", b"2")
    }
    assert len(made) == 8


@pytest.mark.parametrize(
    ("behave", "detail"),
    [
        (fail, "answered 500"),
        (drop, "the connection broke"),
        (hang, "no answer in time"),
        (drip, "no answer in time"),
    ],
    ids=["500", "dropped", "silent", "dripping"],
)
def test_a_receiver_that_fails_is_told_apart_and_never_waited_for_long(
    behave: Behaviour, detail: str, receiver: Receiver
) -> None:
    receiver.behave = behave
    assert send(receiver.url, connect=0.3, whole=0.6) == (False, detail)


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.behave = lambda handler, _: answer(handler, 307, Location=receiver.url)
    assert send(receiver.url) == (False, "answered 307; redirects are not followed")
    assert len(receiver.delivered) == 1


def test_nobody_there_and_a_name_nobody_knows_are_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert send(f"http://127.0.0.1:{port}/") == (False, "the connection was refused")
    assert send("http://nobody.invalid/") == (False, "the host is not known")


def test_a_server_that_does_not_speak_tls_ends_in_time(receiver: Receiver) -> None:
    ok, detail = send(receiver.url.replace("http:", "https:"), connect=0.5, whole=1.0)
    assert not ok
    assert "TLS" in detail or "time" in detail


def test_only_a_certificate_that_the_machine_trusts_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        skip_or_fail(MissingError(f"openssl is not here: {INSTALL}"))
    made = tmp_path / "receiver.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(made), "-out", str(tmp_path / "certificate")]
    subprocess.run(
        [*command.split(), *names, *files],
        check=True,
        capture_output=True,
    )
    with made.open("a") as file:
        file.write((tmp_path / "certificate").read_text())
    with receiving(made) as receiver:
        ok, detail = send(receiver.url)
        assert (ok, detail) == (False, "TLS failed (CERTIFICATE_VERIFY_FAILED)")
        assert receiver.delivered == []
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        assert send(receiver.url) == (True, "answered 204")
        elsewhere = receiver.url.replace("127.0.0.1", "localhost")
        assert send(elsewhere) == (False, "TLS failed (CERTIFICATE_VERIFY_FAILED)")


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    url = "https://hooks.example/services/T0/B1/secret?key=secret"
    assert host_of(url) == "hooks.example"
    assert "secret" not in name_of(url)
    assert name_of(url) != name_of(url + "2")
