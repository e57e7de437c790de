"""The court's own identity provider, if it has one: OpenID Connect, authorization code with PKCE. It is asked who somebody is, no more.

Requests go to the configured issuer only, each with a time limit and a bound on what comes back; redirects are not followed, and no address
that a token or its header names is ever looked up. A key is chosen by name among those that the issuer publishes.
"""

import asyncio
import base64
import hashlib
import logging
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import orjson

from data.errors import CommandCentreError, NotSignedIn, ProviderUnavailable
from data.rules import id_tokens
from data.sealing import Sealing
from data.settings import Settings

if TYPE_CHECKING:  # imported where it is needed: a court without a provider loads no client at its start
    import httpx

ANSWER_S = 5.0  # so long it may take to answer
ANSWER_BYTES = 262_144
TOKEN_BYTES = 16_384
METADATA_S = 600.0  # so long what the issuer says of itself is believed
AGAIN_S = 5.0  # one that could not be reached is asked again after this
KEYS_AGAIN_S = 60.0  # a key that nobody knows makes us look again, so often at most
KEYS_MOST = 50
RSA_BITS = 2_048
FLOW_S = 600
TOGETHER = 4  # sign-ins asked about at once
BACK = "/sign-in/oidc/back"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Claims = Mapping[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Flow:
    """What the browser keeps, sealed, while its owner is at the provider. until: seconds since 1970."""

    state: str
    nonce: str
    verifier: str
    target: str
    until: float


def begin(target: str, now: datetime) -> Flow:
    """A fresh one, for a page of ours to go to afterwards."""
    return Flow(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), target, now.timestamp() + FLOW_S)


def seal(flow: Flow, sealing: Sealing) -> str:
    return (sealing.seal(orjson.dumps(asdict(flow)).decode()) or b"").decode()


def unseal(kept: str, state: str, sealing: Sealing, now: datetime) -> Flow:
    """The flow of this browser, if it is the one that comes back. Raises NotSignedIn identity.provider_refused."""
    try:
        flow = Flow(**orjson.loads(sealing.open(kept.encode()) or "{}"))
    except (CommandCentreError, ValueError, TypeError) as error:
        raise id_tokens.refused("no flow") from error
    if not secrets.compare_digest(flow.state.encode(), state.encode("utf-8", "replace")):
        raise id_tokens.refused("state")
    if now.timestamp() >= flow.until:
        raise id_tokens.refused("late")
    return flow


class Provider:
    """One issuer, as the settings name it."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._clock = clock
        self._asking = asyncio.Semaphore(TOGETHER)
        self._metadata: dict[str, str] = {}
        self._metadata_at = self._failed_at = self._keys_at = float("-inf")
        self._keys: dict[str, jwt.PyJWK] = {}

    async def address(self, flow: Flow) -> str:
        """Where the browser goes to say who it is. Raises ProviderUnavailable."""
        endpoint = (await self._known())["authorization_endpoint"]
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._settings.origin + BACK,
            "scope": "openid profile",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    async def claims(self, code: str, flow: Flow) -> Claims:
        """What the provider says of whoever brought this code. Raises NotSignedIn identity.provider_refused, ProviderUnavailable."""
        async with self._asking:
            said = await self._redeemed(code, flow)
            token = said.get("id_token")
            if not isinstance(token, str) or len(token) > TOKEN_BYTES:
                raise id_tokens.refused("no token")
            claims = self._verified(token, await self._key_of(token))
        at = self._now().timestamp()
        id_tokens.check(claims, issuer=self._settings.oidc_issuer, client_id=self._settings.oidc_client_id, nonce=flow.nonce, at=at)
        return claims

    # --- what it says of itself ---

    async def _known(self) -> Mapping[str, str]:
        now = self._clock()
        if self._metadata and now - self._metadata_at < METADATA_S:
            return self._metadata
        if now - self._failed_at < AGAIN_S:
            raise ProviderUnavailable("a moment ago")
        try:
            status, said = await self._ask("GET", self._settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration")
            self._metadata, self._metadata_at = self._believed(status, said), now
        except ProviderUnavailable as error:
            self._failed_at = now
            log.warning("the identity provider cannot be asked: %s", error)
            raise
        return self._metadata

    def _believed(self, status: int, said: Mapping[str, Any]) -> dict[str, str]:
        """Its endpoints, if they are its own. Raises ProviderUnavailable."""
        issuer = self._settings.oidc_issuer
        if status != 200 or said.get("issuer") != issuer:
            raise ProviderUnavailable("it is another issuer")
        found = {name: said.get(name) for name in ENDPOINTS}
        for name, address in found.items():
            if not isinstance(address, str) or urlsplit(address)[:2] != urlsplit(issuer)[:2]:
                raise ProviderUnavailable(f"{name} is not its own")
        methods = said.get("token_endpoint_auth_methods_supported")
        by_post = isinstance(methods, list) and "client_secret_basic" not in methods and "client_secret_post" in methods
        return {name: str(address) for name, address in found.items()} | {"auth": "post" if by_post else "basic"}

    # --- the token ---

    async def _redeemed(self, code: str, flow: Flow) -> Mapping[str, Any]:
        known, client_id = await self._known(), self._settings.oidc_client_id
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.origin + BACK,
            "code_verifier": flow.verifier,
        }
        secret, auth = await asyncio.to_thread(self._secret), None
        if secret is not None and known["auth"] == "basic":
            auth = (quote(client_id, safe=""), quote(secret, safe=""))  # RFC 6749, 2.3.1
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret is not None else {})
        status, said = await self._ask("POST", known["token_endpoint"], data=form, auth=auth)
        if status != 200:
            raise ProviderUnavailable(f"{status}") if status >= 500 else id_tokens.refused("code")
        return said

    def _secret(self) -> str | None:
        """Read each time: a changed one counts at once. Raises ProviderUnavailable."""
        path = self._settings.oidc_client_secret_file
        try:
            return None if path is None else path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ProviderUnavailable("the client's secret cannot be read") from error

    async def _key_of(self, token: str) -> jwt.PyJWK:
        """The published key that the header names. What else a header says (`jku`, `x5u`, `jwk`) is not looked at. Raises NotSignedIn."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise id_tokens.refused("header") from error
        name = header.get("kid")
        if header.get("alg") not in id_tokens.ALGORITHMS or not isinstance(name, str | None):
            raise id_tokens.refused("alg")
        if self._key(name) is None and self._clock() - self._keys_at >= KEYS_AGAIN_S:
            self._keys, self._keys_at = await self._published(), self._clock()
        key = self._key(name)
        if key is None:
            raise id_tokens.refused("kid")
        return key

    def _key(self, name: str | None) -> jwt.PyJWK | None:
        if name is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(name)

    async def _published(self) -> dict[str, jwt.PyJWK]:
        status, said = await self._ask("GET", (await self._known())["jwks_uri"])
        listed = said.get("keys")
        if status != 200 or not isinstance(listed, list):
            raise ProviderUnavailable("no keys")
        found = {}
        for each in listed[:KEYS_MOST]:
            if isinstance(each, dict) and each.get("kty") in ("RSA", "EC") and each.get("use", "sig") == "sig":
                try:
                    found[str(each.get("kid", ""))] = jwt.PyJWK(each)
                except (jwt.PyJWTError, ValueError, TypeError):
                    log.warning("a key of the identity provider cannot be read")
        return {name: key for name, key in found.items() if getattr(key.key, "key_size", RSA_BITS) >= RSA_BITS or key.key_type == "EC"}

    def _verified(self, token: str, key: jwt.PyJWK) -> Claims:
        """Its words, if this key signed them; when it counts `data.rules.id_tokens` says by our clock."""
        ours: jwt.types.Options = {
            "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False, "verify_iss": False, "verify_sub": False,
        }  # fmt: skip
        try:
            claims: Claims = jwt.decode(token, key.key, list(id_tokens.ALGORITHMS), options=ours)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise id_tokens.refused("signature") from error
        return claims

    # --- the wire ---

    async def _ask(self, method: str, address: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON object of one request; {} for what is none. Raises ProviderUnavailable."""
        import httpx

        try:
            async with asyncio.timeout(ANSWER_S), self._client() as client, client.stream(method, address, **more) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES:
                        raise ProviderUnavailable("too long an answer")
            said = orjson.loads(body or b"{}")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise ProviderUnavailable(type(error).__name__) from error
        except orjson.JSONDecodeError:
            said = {}
        return answer.status_code, said if isinstance(said, dict) else {}

    def _client(self) -> "httpx.AsyncClient":
        """Certificates are those that this machine trusts; a proxy of the environment is not asked."""
        import httpx

        trusted = ssl.create_default_context()
        headers = {"accept": "application/json"}
        return httpx.AsyncClient(verify=trusted, timeout=ANSWER_S, follow_redirects=False, trust_env=False, headers=headers)


def brought(query: Mapping[str, str]) -> tuple[str, str]:
    """State and code that the browser brings back. Raises NotSignedIn identity.provider_refused when the provider refused him itself."""
    state, code = query.get("state", ""), query.get("code", "")
    if not state or not code or max(len(state), len(code)) > 2_048:
        raise NotSignedIn("no code", code="identity.provider_refused")
    return state, code
