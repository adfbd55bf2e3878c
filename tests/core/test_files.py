"""Files: refused by size and by what their bytes say; personal ones are ciphertext on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import Cast
from yincai.core.actors import acting
from yincai.core.files import IMAGES, TABLES, FileRefused, FileRule, check, file_path, keep_file, read_file
from yincai.core.models import StoredFile

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.parametrize(
    ("name", "content", "allowed", "says"),
    [
        ("a.png", b"", IMAGES, "是空的"),
        ("a.png", b"MZ\x90 a program", IMAGES, "不是可接受的类型"),
        ("a.webp", b"RIFF\x24\x00\x00\x00WAVEfmt ", IMAGES, "不是可接受的类型"),
        ("a.exe", PNG, IMAGES, "不是可接受的类型"),
        ("a.csv", b"name\x00", TABLES, "不是可接受的类型"),
        ("a.xlsx", b"<html>", TABLES, "不是可接受的类型"),
        ("a.png", PNG, FileRule(("image/png",), 10), "最多"),
    ],
)
def test_an_upload_that_is_not_what_it_should_be_is_refused_with_the_mend(
    name: str, content: bytes, allowed: FileRule, says: str
) -> None:
    with pytest.raises(FileRefused, match=says) as refused:
        check(name, content, allowed)
    assert name in str(refused.value)


def keep(cast: Cast, *, personal: bool) -> StoredFile:
    clerk = cast.actor(cast.clerk)
    return keep_file(
        "证.png", PNG, IMAGES, personal=personal, owner=cast.first.pk, place=cast.first.path, acting_user=clerk
    )


def test_a_personal_file_is_ciphertext_on_disk_and_readable_again(cast: Cast) -> None:
    row = keep(cast, personal=True)
    assert b"picture" not in file_path(row).read_bytes()
    assert read_file(row) == PNG


def test_the_same_content_twice_is_stored_once(cast: Cast, tmp_path: Path) -> None:
    one, two = keep(cast, personal=False), keep(cast, personal=False)
    assert one.pk != two.pk and file_path(one) == file_path(two)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_file_of_one_school_is_out_of_reach_for_another(cast: Cast) -> None:
    row = keep(cast, personal=True)
    with acting(cast.actor(cast.li)):
        assert StoredFile.objects.filter(pk=row.pk).exists()
    with acting(cast.actor(cast.chen)):
        assert not StoredFile.objects.filter(pk=row.pk).exists()
