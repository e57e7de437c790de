"""An identity provider of somebody else, simulated: OpenID Connect with PKCE, and every forgery that a test asks it for.

What a kept provider does on the wire `tests/dashboard/test_oidc.py` tries with a real one; here is what no honest one would send.
"""

import base64
import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers import free_port

CLIENT, SECRET, KID = "ecc", "Vf8-geheim-Qz+7/=", "first"
Forge = Callable[[dict[str, Any]], str]
PRIVATE = rsa.generate_private_key(65537, 2048)
PUBLIC_PEM = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Issuer:
    """clock: seconds since 1970 by which its tokens are made. claims: what is said of whoever comes.

    forge: another token than an honest one. asked: every path that anybody asked for. codes: those that were not redeemed.
    """

    clock: Callable[[], float]
    origin: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "4711", "preferred_username": "duty"})
    forge: Forge | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    padding: int = 0
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def approve(self, address: str) -> str:
        """What its owner does there: he is asked, and his browser sent back. Returns the path of ours with its query."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{urlsplit(asked['redirect_uri']).path}?state={asked['state']}&code={code}"

    def honest(self, nonce: str) -> dict[str, Any]:
        now = int(self.clock())
        return {"iss": self.origin, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce} | self.claims

    def app(self) -> Starlette:
        async def metadata(_: Request) -> Response:
            paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            said = {"issuer": self.origin} | {name: f"{self.origin}/{path}" for name, path in paths.items()} | self.metadata
            return JSONResponse(said | ({"padding": "x" * self.padding} if self.padding else {}))

        async def keys(_: Request) -> Response:
            ours = jwt.algorithms.RSAAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True) | {"kid": KID, "use": "sig"}
            return JSONResponse({"keys": [ours] if self.keys is None else self.keys})

        async def token(request: Request) -> Response:
            form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            asked = self.codes.pop(form.get("code", ""), None)  # once
            challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
            basic = "Basic " + base64.b64encode(f"{CLIENT}:Vf8-geheim-Qz%2B7%2F%3D".encode()).decode()
            if asked is None or asked["code_challenge"] != challenge or request.headers.get("authorization") != basic:
                return JSONResponse({"error": "invalid_grant"}, 400)
            said = self.honest(asked["nonce"])
            return JSONResponse({"id_token": self.forge(said) if self.forge else signed(said), "token_type": "Bearer", "access_token": "x"})

        async def anything(_: Request) -> Response:
            return Response(status_code=404)

        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", metadata),
                Route("/keys", keys),
                Route("/token", token, methods=["POST"]),
                Route("/{path:path}", anything),
            ]
        )

        async def noting(scope: Any, receive: Any, send: Any) -> None:
            self.asked.append(scope.get("path", ""))
            await app(scope, receive, send)

        return noting  # type: ignore[return-value]


def signed(said: dict[str, Any], **header: Any) -> str:
    return jwt.encode(said, PRIVATE, "RS256", headers={"kid": KID} | header)


@contextlib.contextmanager
def issuing(issuer: Issuer) -> Iterator[Issuer]:
    port = free_port()
    issuer.origin = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(issuer.app(), port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield issuer
    server.should_exit = True
    thread.join()
