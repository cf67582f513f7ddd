"""Where the service is and who asks: arguments, else the environment, as the command line has it."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import ssl
import urllib.parse
from typing import Mapping, Optional, Union

DEFAULT_URL = "http://127.0.0.1:7070"


@dataclasses.dataclass(frozen=True)
class Settings:
    url: str
    token: Optional[str] = dataclasses.field(repr=False)
    patience: float  # seconds for which a service that is away is asked again

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {})}


def settings(url: Optional[str], token: Optional[str], patience: float, environment: Mapping[str, str] = os.environ) -> Settings:
    """`url`, or PARE_URL; `token`, or PARE_TOKEN, or what is in the file that PARE_TOKEN_FILE names."""
    where = url or environment.get("PARE_URL") or DEFAULT_URL
    parts = urllib.parse.urlsplit(where)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"the service's address is like {DEFAULT_URL} or https://pare.example.com, not '{where}'")
    return Settings(where.rstrip("/"), token or _token_of(environment), patience)


def _token_of(environment: Mapping[str, str]) -> Optional[str]:
    if environment.get("PARE_TOKEN"):
        return environment["PARE_TOKEN"]
    file = environment.get("PARE_TOKEN_FILE")
    if not file:
        return None
    try:
        return pathlib.Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"PARE_TOKEN_FILE: cannot read {file}: {error.strerror}") from None


def trusted() -> Union[bool, ssl.SSLContext]:
    """The system's certificates, or those of SSL_CERT_FILE; where there are none, those that httpx brings (True)."""
    paths = ssl.get_default_verify_paths()
    context = ssl.create_default_context()
    there = paths.cafile is not None or (paths.capath is not None and any(pathlib.Path(paths.capath).iterdir()))
    return context if there or context.get_ca_certs() else True
