from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import zstandard

from yincai.core import archive

QUIET = lambda _: None  # noqa: E731


def make(folder: Path, content: bytes = b"hello" * 5000) -> Path:
    (folder / "media" / "a").mkdir(parents=True, exist_ok=True)
    (folder / "media" / "a" / "b").write_bytes(content)
    (folder / "media" / "a" / "c.part").write_bytes(b"being written")
    file = folder / "backup.tar.zst"
    with archive.writing(file, {"version": "1"}, QUIET) as writer:
        writer.add_folder("media", folder / "media")
    return file


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    file, passed = make(tmp_path), []
    label = archive.extract(file, tmp_path / "out", passed.append)
    assert label == archive.read_label(file) == {"version": "1"}
    assert (tmp_path / "out/media/a/b").read_bytes() == b"hello" * 5000
    assert not (tmp_path / "out/media/a/c.part").exists()
    assert sum(passed) == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_goes_away_meanwhile_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [tmp_path / "media/a/b", tmp_path / "media/gone"]
    monkeypatch.setattr(archive, "files_of", lambda folder: listed)
    file = make(tmp_path)
    assert archive.size_of(tmp_path / "media") == 25_000
    archive.extract(file, tmp_path / "out", QUIET)
    assert not (tmp_path / "out/media/gone").exists()


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_cut_file_is_refused(tmp_path: Path, at: float) -> None:
    file = make(tmp_path, content=bytes(range(256)) * 4000)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * at)])
    with pytest.raises(archive.ArchiveError, match=r"backup\.tar\.zst"):
        archive.extract(file, tmp_path / "out", QUIET)


def repacked(file: Path, change: dict[str, bytes]) -> Path:
    """The same archive with other content in some members, as an attacker or a bad disk would leave it."""
    plain = zstandard.ZstdDecompressor().stream_reader(file.read_bytes(), read_across_frames=True).read()
    changed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(plain)) as old, tarfile.open(fileobj=changed, mode="w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            given = change.pop(member.name, content.read())
            member.size = len(given)
            new.addfile(member, io.BytesIO(given))
        for name, given in change.items():
            info = tarfile.TarInfo(name)
            info.size = len(given)
            new.addfile(info, io.BytesIO(given))
    file.write_bytes(zstandard.compress(changed.getvalue()))
    return file


def test_a_changed_member_is_named(tmp_path: Path) -> None:
    file = repacked(make(tmp_path), {"media/a/b": b"other"})
    with pytest.raises(archive.ArchiveError, match="media/a/b"):
        archive.extract(file, tmp_path / "out", QUIET)


@pytest.mark.parametrize("name", ["../outside", "/tmp/yincai-outside", "media/../../outside"])
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    file = repacked(make(tmp_path), {name: b"evil"})
    with pytest.raises(archive.ArchiveError, match="outside"):
        archive.extract(file, tmp_path / "out", QUIET)
    assert not (tmp_path / "outside").exists()
    assert not Path("/tmp/yincai-outside").exists()


def test_a_failed_backup_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), archive.writing(tmp_path / "x.tar.zst", {}, QUIET):
        raise RuntimeError("disk")
    assert list(tmp_path.iterdir()) == []


def test_any_other_file_is_no_backup(tmp_path: Path) -> None:
    other = tmp_path / "photo.jpg"
    other.write_bytes(b"\xff\xd8\xff" + b"x" * 1000)
    with pytest.raises(archive.ArchiveError, match="photo"):
        archive.read_label(other)
