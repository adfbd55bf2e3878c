"""The text of a file that somebody brings: UTF-8 with or without a mark, or GB 18030 as Excel writes it in Chinese, and
gzipped or not."""

from __future__ import annotations

import gzip
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

from yincai.records.readers import Unreadable

MISSING = ("", "NA", "NaN", "nan", "null")  # a cell that says nothing
DATE = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
HOUR = re.compile(r"([ T])(\d:)")
GUESSED = range(0x400, 0x600)  # Cyrillic to Hebrew: what a Chinese text of a few words is when it is read as UTF-8


def text_of(path: Path) -> str:
    """The whole text, without a mark at its beginning. Raises Unreadable for what is no text, OSError as `open`."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as problem:
            raise Unreadable(f"{path}：压缩文件已损坏（{problem}）。请重新下载或另存。") from problem
    if data[:2] in (b"PK", b"\xd0\xcf"):
        raise Unreadable(f"{path}：这是 Excel 或压缩文件，不是文本。请在 Excel 里另存为“CSV UTF-8”。")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError as problem:
            raise Unreadable(f"{path}：不是 UTF-8 也不是 GB 18030 编码的文本。请另存为“CSV UTF-8”。") from problem
    return _chinese(data) or text if _doubtful(text) else text


def moment_of(text: str) -> float | None:
    """Seconds of a moment as ISO 8601 or Excel write it (2025-09-01T08:00:00, 2025/9/1 8:00); UTC where it has no zone;
    None for what is no moment."""
    plain = DATE.sub(lambda found: "-".join((found[1], found[2].zfill(2), found[3].zfill(2))), text.strip())
    plain = HOUR.sub(lambda found: f"{found[1]}0{found[2]}", plain)
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _doubtful(text: str) -> bool:
    """Whether all that is not ASCII is what “学校” in GB 2312 becomes when it is taken for UTF-8."""
    strange = {letter for letter in text if not letter.isascii()}
    return bool(strange) and all(ord(letter) in GUESSED for letter in strange)


def _chinese(data: bytes) -> str | None:
    try:
        return data.decode("gb2312")
    except UnicodeDecodeError:
        return None
