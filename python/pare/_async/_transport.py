"""Carries requests (_requests.py) over httpx: the only module that speaks HTTP."""
from __future__ import annotations

import hashlib
import ssl
import time
from typing import Any, AsyncIterator, Callable, Optional

import httpx

from .._landing import Landing
from .._requests import Answer, Request, pause_before, problem_of, should_repeat
from .._settings import Settings, trusted
from .._sources import Source
from ..errors import PareError, Unavailable
from ._clock import breathe, sleep

Progress = Callable[[int, int], None]

# The service closes a connection that nobody used for 2 s: one that is older is not used again.
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=1.0)
_TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=30.0, pool=120.0)


class AsyncTransport:
    """One service.  `http`: somebody else's httpx client, which is not closed here."""

    def __init__(self, settings: Settings, http: Optional[httpx.AsyncClient] = None) -> None:
        self.settings = settings
        self._own = http is None
        # Neither proxies nor netrc of the environment: what is shown to whom is said in PARE_TOKEN alone.
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, trust_env=False,
                                               verify=trusted() if settings.url.startswith("https:") else True)

    async def aclose(self) -> None:
        if self._own:
            await self._http.aclose()

    async def json(self, request: Request) -> Any:
        return (await self.send(request)).json()

    async def send(self, request: Request, progress: Optional[Progress] = None) -> Answer:
        """The answer, or what went wrong: asked again for a while where that is safe."""
        async def attempt() -> Answer:
            answer = await self._http.send(self._built(request, progress))
            return Answer(answer.status_code, answer.content)

        return await self._patiently(request, attempt)

    async def fetch(self, request: Request, landing: Landing) -> None:
        """The bytes of an answer into a file."""
        async def attempt() -> Answer:
            landing.restart()
            answer = await self._http.send(self._built(request, None), stream=True)
            try:
                if answer.status_code != 200:
                    return Answer(answer.status_code, await answer.aread())
                async for block in answer.aiter_bytes(1 << 18):
                    landing.write(block)
                return Answer(200)
            finally:
                await answer.aclose()

        await self._patiently(request, attempt)

    async def _patiently(self, request: Request, attempt: Callable[[], Any]) -> Answer:
        begun = time.monotonic()
        number = 0
        while True:
            number += 1
            failure: Optional[PareError]
            status: Optional[int] = None
            sent = True
            try:
                answer: Answer = await attempt()
                status = answer.status
                failure = problem_of(request, answer)
                if failure is None:
                    return answer
            except httpx.TransportError as error:
                failure = self._unreachable(error)
                sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
                if _is_untrusted(error):
                    raise failure from error
            pause = pause_before(number, time.monotonic() - begun, self.settings.patience)
            if pause is None or not should_repeat(request, status, sent):
                raise failure
            await sleep(pause)

    def _built(self, request: Request, progress: Optional[Progress]) -> httpx.Request:
        content: Any = request.content if request.source is None else _blocks(request.source, progress)
        return self._http.build_request(request.method, self.settings.url + request.target, content=content,
                                        headers={**self.settings.headers, **request.headers})

    def _unreachable(self, error: httpx.TransportError) -> Unavailable:
        if _is_untrusted(error):
            return Unavailable(f"the certificate of {self.settings.url} is not trusted here; SSL_CERT_FILE names a file of those that are")
        said = str(error) or type(error).__name__
        return Unavailable(f"no answer from {self.settings.url} ({said}); is it running? Start one with `pare up`")


async def digest_of(source: Source) -> str:
    """The SHA-256 of all that it holds."""
    digest = hashlib.sha256()
    for block in source.blocks():
        digest.update(block)
        await breathe()
    return digest.hexdigest()


async def _blocks(source: Source, progress: Optional[Progress]) -> AsyncIterator[bytes]:
    gone = 0
    for block in source.blocks():
        yield block
        gone += len(block)
        if progress is not None:
            progress(gone, source.size)


def _is_untrusted(error: BaseException) -> bool:
    """httpx wraps what TLS says in errors of its own."""
    seen: Optional[BaseException] = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
