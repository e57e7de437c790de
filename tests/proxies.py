"""The samples for a proxy before the product, in Debian's real nginx and Caddy, with names and ports changed for this machine."""

import re
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Protocol

from data.settings import Settings
from tests.certificates import Pair, issued, laid_down
from tests.servers import free_port, wait_until

SAMPLES = Path(__file__).resolve().parents[1] / "dashboard/deploy"
NAME = "centre.court.example"


class Fronted(Protocol):
    """What a proxy stands before."""

    settings: Settings

    @property
    def public(self) -> str: ...


class Proxy:
    """One of the two with its sample, whose names and ports were changed for this machine."""

    def __init__(self, kind: str, product: Fronted, folder: Path, pair: Pair | None = None) -> None:
        self.port, self.plain_port = int(product.public.rpartition(":")[2]), free_port()
        self.log = folder / "access.log"
        cert, key = laid_down(folder, pair or issued("court"))
        text = (SAMPLES / ("nginx.conf" if kind == "nginx" else "Caddyfile")).read_text()
        if product.settings.web_processes == 2:
            second = f"127.0.0.1:{product.settings.web_port(2)}"
            assert text.count("#server 127.0.0.1:8051") + text.count("#to 127.0.0.1:8051") == 2
            text = text.replace("#server 127.0.0.1:8051", f"server {second}").replace("#to 127.0.0.1:8051", f"to {second}")
            text = re.sub(r"^(\t+)#(?=(?:lb|fail|health)_)", r"\1", text, flags=re.MULTILINE)  # of the Caddyfile
        for said, meant in {
            "listen 443": f"listen {self.port}", "listen 80": f"listen {self.plain_port}", f"{NAME}:443": f"{NAME}:{self.port}",
            f"{NAME}:80": f"{NAME}:{self.plain_port}", "127.0.0.1:8050": f"127.0.0.1:{product.settings.port}",
            "127.0.0.1:8051": f"127.0.0.1:{product.settings.media_port}", NAME: "localhost", "/etc/ecc/tls/court.pem": str(cert),
            "/etc/ecc/tls/court.key": str(key), "/var/log/nginx/ecc.log": str(self.log),
        }.items():  # fmt: skip
            text = text.replace(said, meant)
        self._process = (self._nginx if kind == "nginx" else self._caddy)(text, folder)
        wait_until(self._listens, f"{kind} does not listen", 30)

    def _nginx(self, text: str, folder: Path) -> "subprocess.Popen[bytes]":
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        whole = folder / "nginx.conf"
        whole.write_text(f"pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ {temporary}\n{text} }}")
        return subprocess.Popen(["/usr/sbin/nginx", "-p", str(folder), "-c", str(whole), "-g", "daemon off;"])

    def _caddy(self, text: str, folder: Path) -> "subprocess.Popen[bytes]":
        (folder / "Caddyfile").write_text(text)
        environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        command = ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
        return subprocess.Popen(command, env=environ, stderr=(folder / "error.log").open("wb"))

    def _listens(self) -> bool:
        assert self._process.poll() is None, "it ended at once"
        with socket.socket() as wire:
            return wire.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(15)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
