"""A sign-in provider on this machine, just enough OpenID Connect to exercise ``st.login``.

It signs in whoever the browser's cookie ``person`` names, as if that person had typed a password.
"""

import json
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.ui.people import PEOPLE

CLIENT = "allocator-tests"


class Provider:
    """The provider, serving from a thread of its own; ``age`` makes its tokens that old."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
        self.codes: dict[str, tuple[str, str]] = {}
        self.age = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str, values: dict[str, str], person: str) -> Any:
        """Return JSON, or the address to send the browser to."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/authorize":
            code = token_urlsafe()
            self.codes[code] = (person, values.get("nonce", ""))
            query = urlencode({"code": code, "state": values["state"]})
            return f"{values['redirect_uri']}?{query}"
        return {
            "access_token": token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": self.token(*self.codes.pop(values["code"])),
        }

    def token(self, person: str, nonce: str) -> str:
        """Return a signed identity token."""
        now = int(time.time())
        claims = {
            **{"iss": self.url, "aud": CLIENT, "sub": person, "nonce": nonce},
            **{"iat": now - self.age, "exp": now + 3600},
            **{"email": person, "email_verified": True, "name": PEOPLE.get(person, (person,))[0]},
        }
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self.reply(parts.path, parse_qs(parts.query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.reply(urlsplit(self.path).path, parse_qs(body))

            def reply(self, path: str, values: dict[str, list[str]]) -> None:
                cookie = SimpleCookie(self.headers.get("Cookie", "")).get("person")
                person = cookie.value if cookie else ""
                answer = provider.answer(path, {k: v[0] for k, v in values.items()}, person)
                self.send_response(302 if isinstance(answer, str) else 200)
                if isinstance(answer, str):
                    self.send_header("Location", answer)
                    self.end_headers()
                    return
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
