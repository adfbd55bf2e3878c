"""A load client: pupils who answer, or open the empty page, over kept connections. Its own CPU is not counted.

`Load.closed(seconds)` drives as fast as it is served; `Load.paced(rate, seconds)` starts requests on a fixed clock,
whether or not the earlier ones have come back, and measures from the moment each should have started.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

TOKEN = re.compile(rb'name="form" value="([^"]+)"')
CSRF = "b" * 32
LETTERS = "ABCD"


class Refused(Exception):
    """The server did not answer as it should."""


@dataclass
class Pupil:
    """One browser. `token`: the form of the question on the desk."""

    session: str
    practice: str
    kind: str
    token: str = ""

    @property
    def cookie(self) -> str:
        return f"sessionid={self.session}; csrftoken={CSRF}"

    def typed(self) -> str:
        if self.kind == "single":
            return random.choice(LETTERS)
        if self.kind == "numeric":
            return f"{random.randrange(200)}/7"
        return f"{random.randrange(2, 100)}x+{random.randrange(100)}"


@dataclass
class Load:
    host: str
    port: int
    pupils: list[Pupil]
    connections: int = 16
    taken: list[float] = field(default_factory=list)

    async def closed(self, seconds: float, page: str) -> float:
        """As fast as it goes; returns requests a second."""
        ends, done = time.perf_counter() + seconds, 0
        shares = [self.pupils[start :: self.connections] for start in range(self.connections)]

        async def drive(share: list[Pupil]) -> int:
            line, count = Line(self.host, self.port), 0
            while time.perf_counter() < ends:
                await self._one(line, share[count % len(share)], page)
                count += 1
            line.close()
            return count

        began = time.perf_counter()
        done = sum(await asyncio.gather(*(drive(share) for share in shares if share)))
        return done / (time.perf_counter() - began)

    async def paced(self, rate: float, seconds: float, page: str) -> list[float]:
        """`rate` requests a second on a clock; the seconds each took from when it was due."""
        self.taken, lines = [], asyncio.Queue[Line]()
        for _ in range(64):
            lines.put_nowait(Line(self.host, self.port))
        began, count = time.perf_counter() + 0.2, int(rate * seconds)
        waiting = []
        for number in range(count):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            waiting.append(asyncio.create_task(self._timed(lines, self.pupils[number % len(self.pupils)], page, due)))
        await asyncio.gather(*waiting)
        return self.taken

    async def _timed(self, lines: asyncio.Queue[Line], pupil: Pupil, page: str, due: float) -> None:
        line = await lines.get()
        await self._one(line, pupil, page)
        self.taken.append(time.perf_counter() - due)
        lines.put_nowait(line)

    async def _one(self, line: Line, pupil: Pupil, page: str) -> None:
        await (answer(line, pupil) if page == "answer" else empty(line, pupil))


async def empty(line: Line, pupil: Pupil) -> None:
    await line.get("/bench/empty", pupil.cookie)


async def answer(line: Line, pupil: Pupil) -> None:
    """Answer the question on the desk; the reply brings the next one."""
    if not pupil.token:
        pupil.token = find_token(await line.get(f"/learn/{pupil.practice}", pupil.cookie))
    body = urlencode({"form": pupil.token, "answer": pupil.typed(), "spent": "9000"}).encode()
    pupil.token = find_token(await line.post("/learn/answer", pupil.cookie, body))


def find_token(page: bytes) -> str:
    found = TOKEN.search(page)
    if not found:
        raise Refused(page[:3000].decode(errors="replace"))
    return found[1].decode()


class Line:
    """One kept HTTP/1.1 connection."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    def close(self) -> None:
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def get(self, path: str, cookie: str) -> bytes:
        return await self._send(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {cookie}\r\n\r\n".encode())

    async def post(self, path: str, cookie: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {cookie}\r\nHX-Request: true\r\n"
            f"X-CSRFToken: {CSRF}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return await self._send(head.encode() + body)

    async def _send(self, request: bytes) -> bytes:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        assert self.reader is not None
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        body = await self._body(head)
        status = int(head[9:12])
        if status != 200:
            raise Refused(f"{status}: {body[:2000].decode(errors='replace')}")
        if b"connection: close" in head.lower():
            self.close()
        return body

    async def _body(self, head: bytes) -> bytes:
        assert self.reader is not None
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if length:
            return await self.reader.readexactly(int(length[1]))
        parts = []
        while size := int(await self.reader.readline(), 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return b"".join(parts)


def percentile(taken: list[float], share: float) -> float:
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
