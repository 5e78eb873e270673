"""Archives are unpacked whole or not at all, and nothing is ever written outside the folder."""

from __future__ import annotations

import errno
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_utils.datasets import archives
from fer_utils.datasets.archives import is_archive, name_fault, unpack
from fer_utils.errors import FerError

GOOD = {"a.txt": b"one", "deep/er/b.bin": bytes(range(256)) * 100, "deep/ä 表情.txt": b"", "__MACOSX/._a.txt": b"x"}


def write_zip(path: Path, members) -> Path:
    """A zip file whose members keep exactly the names given, however hostile."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.compress_type = name, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


def write_tar(path: Path, members) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.name = name
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def refused(archive: Path, *words: str) -> None:
    """Unpacking fails with these words and leaves nothing but the archive."""
    before = tree(archive.parent)
    with pytest.raises(FerError) as failure:
        unpack(archive, archive.parent / "out")
    assert all(word in str(failure.value) for word in words), failure.value
    assert failure.value.exit_code == 1
    assert tree(archive.parent) == before and not any(path.is_dir() for path in archive.parent.iterdir())


@pytest.fixture(params=["x.zip", "x.tar.gz", "x.tgz", "X.ZIP"])
def packed(request, tmp_path):
    """A function that packs members, for each kind of archive, in a folder of its own."""
    (tmp_path / "room").mkdir()
    write = write_zip if request.param.lower().endswith(".zip") else write_tar
    return lambda members: write(tmp_path / "room" / request.param, members)


def test_a_good_archive_comes_out_as_it_went_in_without_what_macos_adds(packed):
    archive = packed(GOOD.items())
    folder = archive.parent / "out"
    unpack(archive, folder)
    assert tree(folder) == {name: content for name, content in GOOD.items() if "MACOSX" not in name}
    assert sorted(path.name for path in archive.parent.iterdir()) == sorted([archive.name, "out"])
    (archive.parent / "ordinary").mkdir()
    assert folder.stat().st_mode == (archive.parent / "ordinary").stat().st_mode


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "has an absolute path"),
        ("../up.txt", "leads out of the folder"),
        ("a/../../up.txt", "leads out of the folder"),
        ("C:/x.txt", "starts with a drive letter"),
        ("c:x.txt", "starts with a drive letter"),
        ("..\\up.txt", "has a backslash"),
        ("a\nb", "not text"),
        ("n" * 256, "longer than 255 bytes"),
    ],
)
def test_a_bad_name_refuses_the_whole_archive_and_is_named(packed, name, reason):
    refused(packed([*GOOD.items(), (name, b"bad")]), repr(name)[1:-1], reason, "Nothing was written")


def test_a_name_that_hides_behind_a_null_is_refused(tmp_path):
    archive = write_zip(tmp_path / "x.zip", [("good.txtX../../evil", b"bad")])
    archive.write_bytes(archive.read_bytes().replace(b"good.txtX", b"good.txt\0"))
    refused(archive, "evil", "not text")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a", "a"], "comes twice"),
        (["Ä.txt", "ä.txt"], "comes twice"),
        (["a/b", "./a//b"], "comes twice"),
        (["a", "a/b"], "in a folder that is also a file"),
        (["a/b", "a"], "both a file and a folder"),
        (["."], "has no name"),
    ],
)
def test_members_that_would_overwrite_each_other_are_refused(packed, names, reason):
    refused(packed([(name, b"x") for name in names]), reason)


def test_folders_may_be_listed_often_and_late(tmp_path):
    folder = tarfile.TarInfo()
    folder.type = tarfile.DIRTYPE
    members = [("./", folder), ("./a/b", b"x"), ("./a", folder), ("a/", folder)]
    unpack(write_tar(tmp_path / "x.tar.gz", members), tmp_path / "out")
    assert tree(tmp_path / "out") == {"a/b": b"x"}


@pytest.mark.parametrize(
    ("kind", "word"),
    [(tarfile.SYMTYPE, "symbolic"), (tarfile.LNKTYPE, "hard link"), (tarfile.FIFOTYPE, "special"),
     (tarfile.CHRTYPE, "special")],
)  # fmt: skip
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, word):
    entry = tarfile.TarInfo()
    entry.type, entry.linkname = kind, "/etc/passwd"
    refused(write_tar(tmp_path / "x.tgz", [("good", b"x"), ("bad", entry)]), "'bad'", word)


@pytest.mark.parametrize(("mode", "word"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "special file")])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode, word):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        entry = zipfile.ZipInfo("bad")
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    refused(tmp_path / "x.zip", "'bad'", word)


def test_an_encrypted_member_is_refused(tmp_path):
    archive = write_zip(tmp_path / "x.zip", [("secret", b"x")])
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    refused(archive, "'secret'", "encrypted")


def test_a_bomb_is_refused_before_it_is_written(packed, monkeypatch):
    monkeypatch.setattr(archives, "SMALL", 10_000)
    monkeypatch.setattr(archives, "MOST_RATIO", 0.5)
    refused(packed([("good", b"x"), ("zeros", bytes(1_000_000))]), "is not unpacked")


@pytest.mark.parametrize("kind", ["x.zip", "x.tgz"])
def test_too_many_members_are_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    write = write_zip if kind == "x.zip" else write_tar
    refused(write(tmp_path / kind, [(str(number), b"") for number in range(4)]), "'3'", "members")


def test_damage_anywhere_leaves_nothing_half(packed):
    archive = packed([("a", os.urandom(3000)), ("b", os.urandom(3000))])
    whole = archive.read_bytes()
    for cut in (0, 10, len(whole) // 2, 4000):
        archive.write_bytes(whole[:cut])
        refused(archive, "damaged")


def test_a_flipped_bit_is_found(tmp_path):
    archive = write_zip(tmp_path / "x.zip", [("a", os.urandom(3000))])
    content = bytearray(archive.read_bytes())
    content[1000] ^= 1
    archive.write_bytes(content)
    refused(archive, "damaged", "CRC")


def test_a_full_disk_is_seen_before_and_while_writing(packed, monkeypatch):
    archive = packed(GOOD.items())
    with monkeypatch.context() as patch:
        patch.setattr("fer_utils.files.shutil.disk_usage", lambda folder: SimpleNamespace(free=0))
        refused(archive, "0.0 GB free")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    refused(archive, "No space left on device", "--to DIR")


def test_what_is_there_is_never_touched(packed):
    archive = packed(GOOD.items())
    (archive.parent / "out").mkdir()
    (archive.parent / "out" / "mine").write_text("mine")
    with pytest.raises(FerError, match="already there"):
        unpack(archive, archive.parent / "out")
    assert tree(archive.parent / "out") == {"mine": b"mine"}


def test_other_files_are_not_archives(tmp_path):
    (tmp_path / "x.rar").write_bytes(b"Rar!")
    refused(tmp_path / "x.rar", "only .zip, .tar.gz, .tgz are known")
    with pytest.raises(FerError, match="there is no archive"):
        unpack(tmp_path / "missing.zip", tmp_path / "out")
    assert is_archive("A.TAR.GZ") and not is_archive("zip") and not is_archive("a.tar") and not is_archive("a.gz")


# ------------------------------------------------------------------ any names at all

PART = st.sampled_from(["..", ".", "", "C:", "\\", "a", "A", "CON", "\0", "__MACOSX"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=5
)
NAMES = st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join).filter(bool), min_size=1, max_size=5)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=150, deadline=None)
@given(names=NAMES, kind=st.sampled_from(["x.zip", "x.tar.gz"]))
def test_whatever_the_names_all_lies_inside_or_nothing_is_there(tmp_path_factory, names, kind):
    room = tmp_path_factory.mktemp("room")
    write = write_zip if kind == "x.zip" else write_tar
    archive = write(room / kind, [(name, b"x") for name in names])
    try:
        unpack(archive, room / "out")
    except FerError:
        assert [path.name for path in room.iterdir()] == [kind]
        return
    assert {path.name for path in room.iterdir()} == {kind, "out"}
    written = [path for path in (room / "out").rglob("*") if path.is_file()]
    assert len(written) == len([name for name in names if not is_left_out(name, kind)])
    assert all(path.resolve().is_relative_to(room / "out") for path in written)


def is_left_out(name: str, kind: str) -> bool:
    """A zip entry that ends with a slash is a folder; tar has a field that says so."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return (kind == "x.zip" and name.endswith("/")) or parts[0] == "__MACOSX"


@given(st.text())
def test_a_name_without_fault_stays_below_any_folder(name):
    if name_fault(name) is None:
        joined = Path(os.path.normpath(Path("/root/folder") / name))
        assert joined.is_relative_to("/root/folder")
