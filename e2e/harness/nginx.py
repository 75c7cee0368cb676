"""A real nginx that terminates TLS with a certificate of its own and caches what it may, by URL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from e2e.harness.missing import INSTALL, MissingError

START_SECONDS = 10
STOP_SECONDS = 10
NAME = "news.localhost"

# Cookies are no part of the cache's key, and no X-Forwarded-Proto is sent: the application must
# know its origin from its settings.
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=site:1m;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_set_header Host $http_host;
      proxy_cache site;
      proxy_cache_key $uri$is_args$args;
      proxy_cache_valid 200 10m;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


class Nginx:
    """Runs while the `with` block does, in front of 127.0.0.1:`upstream`.

    :param port: where it listens, on 127.0.0.1; browsers open `url`.
    :raises MissingError: no nginx or no openssl on this machine.
    """

    def __init__(self, folder: Path, *, port: int, upstream: int) -> None:
        self.port = port
        self.url = f"https://{NAME}:{port}"
        self.address = f"https://127.0.0.1:{port}"
        self.host = f"{NAME}:{port}"
        self._program = _found("nginx")
        self._log = folder / "log"
        self._configuration = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        self._configuration.write_text(
            CONFIGURATION.format(folder=folder, port=port, upstream=upstream, user=user), "utf-8"
        )
        _certify(folder)

    def __enter__(self) -> Nginx:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._configuration), "-e", "stderr"],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise RuntimeError(f"nginx did not start:\n{self._log.read_text()}")
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _found(program: str) -> str:
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise MissingError(f"{program} is not installed: {INSTALL}")
    return path


def _certify(folder: Path) -> None:
    command = [_found("openssl"), "req", "-x509", "-nodes", "-days", "2"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)
