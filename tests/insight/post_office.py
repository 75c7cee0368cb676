"""A real mail server on loopback, with a certificate of its own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from e2e.harness.missing import INSTALL, MissingError, skip_or_fail
from e2e.harness.nginx import free_port

USER, PASSWORD = "desk", "p@ss: w/rd"


class Office:
    """What the server took.

    :param refuses: recipients it has no box for.
    """

    def __init__(self, refuses: tuple[str, ...] = ()) -> None:
        self.refuses = refuses
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.users: list[str] = []
        self.port = free_port()

    @property
    def mails(self) -> list[EmailMessage]:
        read = [message_from_bytes(e.content or b"", policy=policy.default) for e in self.envelopes]  # type: ignore[arg-type]
        return [mail for mail in read if isinstance(mail, EmailMessage)]

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such box here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 taken"

    def authenticate(
        self, server: Any, session: Any, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        if isinstance(data, LoginPassword):
            self.users.append(data.login.decode())
            if (data.login.decode(), data.password.decode()) == (USER, PASSWORD):
                return AuthResult(success=True)
        return AuthResult(success=False, handled=False)


@contextmanager
def serving(
    office: Office, certificate: Path | None = None, *, tls: bool = False
) -> Iterator[None]:
    """Serves on 127.0.0.1; with a certificate over STARTTLS, or TLS from the first byte.

    With a certificate, mail is taken from those who log in only.
    """
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        options["ssl_context" if tls else "tls_context"] = context
        options |= {"authenticator": office.authenticate, "auth_required": True}
        options |= {"auth_require_tls": not tls, "require_starttls": not tls}
    server = Controller(office, hostname="127.0.0.1", port=office.port, **options)
    server.start()
    try:
        yield
    finally:
        server.stop()


def certify(folder: Path) -> Path:
    """Makes a certificate for 127.0.0.1."""
    if shutil.which("openssl") is None:
        skip_or_fail(MissingError(f"openssl is not installed: {INSTALL}"))
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=post office"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "certificate.pem"
