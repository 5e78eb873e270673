"""``data fetch``: three open data sets from a site on this machine, whole or resumable."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_utils.data import load
from fer_utils.datasets import https, listings
from fer_utils.datasets.fetch import RECORD, fetch
from fer_utils.datasets.listings import RAVDESS_VIDEOS, SOURCES
from fer_utils.errors import FerError
from fer_utils.reproduce.cli import main
from tests.datasets.site import serving


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def tree(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def site(monkeypatch, own_root):
    """The three sites at one address, with archives of a few bytes for RAVDESS and London."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(https, "BACK_OFF_S", 0.0)
    with serving() as site:
        monkeypatch.setattr(listings, "ZENODO_RAVDESS", f"{site.url}/zenodo")
        monkeypatch.setattr(listings, "FIGSHARE_LONDON", f"{site.url}/figshare")
        monkeypatch.setattr(listings, "UCI_CMU_FACES", f"{site.url}/cmu+face+images.zip")
        put_ravdess(site)
        put_london(site)
        yield site


def put_ravdess(site, **changes: bytes | None) -> None:
    """``changes`` gives another archive for a name, or ``None`` for none; an audio archive is always listed too."""
    archives = {name: zipped({f"Actor_{name[-6:-4]}/{name[:-4]}.mp4": name.encode()}) for name in RAVDESS_VIDEOS}
    archives = {"Audio_Speech_Actors_01-24.zip": b"not wanted", **archives, **changes}
    present = {name: body for name, body in archives.items() if body is not None}
    files = [
        {"key": name, "size": len(body), "checksum": f"md5:{md5(body)}",
         "links": {"self": site.put(f"/zenodo/{name}/content", body)}}
        for name, body in present.items()
    ]  # fmt: skip
    site.put("/zenodo", json.dumps({"id": 1188976, "files": files}).encode())


def put_london(site, **changes: object) -> None:
    """``changes`` are made to the first entry of the listing."""
    archives = {"neutral_front.zip": zipped({"neutral_front/001_03.jpg": b"jpeg", "__MACOSX/._001_03.jpg": b""}),
                "london_faces_info.csv": b"face_id,face_age\n"}  # fmt: skip
    files = [
        {
            "name": name,
            "size": len(body),
            "computed_md5": md5(body),
            "download_url": site.put(f"/figshare/{name}", body),
        }
        for name, body in archives.items()
    ]
    files[0].update(changes)
    site.put("/figshare", json.dumps(files).encode())


def put_cmu_faces(site, faces: Path, inner: str = "faces.tar.gz", **how) -> None:
    """UCI's archive: a zip with a tar.gz in it, and no checksum anywhere."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        archive.add(faces, "faces")
    site.put("/cmu+face+images.zip", zipped({inner: stream.getvalue(), "readme": b"read me"}), **how)


@pytest.fixture
def small_faces(tmp_path):
    folder = tmp_path / "small" / "faces"
    (folder / "an2i").mkdir(parents=True)
    (folder / "an2i" / "an2i_left_angry_open.pgm").write_bytes(b"P5")
    return folder


# ------------------------------------------------------------------ all goes well


def test_cmu_faces_arrive_where_their_loader_looks(site, own_root, stand_ins, capsys):
    put_cmu_faces(site, stand_ins / "cmu_faces" / "faces")
    assert main(["data", "fetch", "cmu_faces"]) == 0
    faces = load("cmu_faces")
    assert (len(faces), faces.kind) == (624, "real")
    assert sorted(path.name for path in (own_root / "cmu_faces").iterdir()) == ["faces", RECORD]
    digest = hashlib.sha256(site.pages["/cmu+face+images.zip"].body).hexdigest()
    said = capsys.readouterr().out
    assert f"its own is sha256:{digest}, trusted on first use" in said and "reads and checks every file" in said
    entry = json.loads((own_root / "cmu_faces" / RECORD).read_text())["files"]["cmu+face+images.zip"]
    assert (entry["checksum"], entry["published"], entry["files"]) == (f"sha256:{digest}", False, 624)


def test_ravdess_is_47_video_archives_each_in_its_own_folder(site, own_root, tmp_path):
    said: list[str] = []
    assert fetch("ravdess", tmp_path / "elsewhere", said.append) == tmp_path / "elsewhere" / "ravdess"
    found = tree(tmp_path / "elsewhere" / "ravdess")
    record = json.loads(found.pop(RECORD))
    assert len(found) == len(record["files"]) == 47 and record["complete"]
    assert found["Video_Song_Actor_01/Actor_01/Video_Song_Actor_01.mp4"] == b"Video_Song_Actor_01.zip"
    assert not any("Song_Actor_18" in name or "Audio" in name for name in found)
    assert said[-2].startswith("ravdess is complete in ") and said[0].startswith("1/47 Video_Speech_Actor_01.zip: ")
    assert list(own_root.iterdir()) == []


def test_london_keeps_files_that_are_no_archives_and_leaves_out_what_macos_adds(site, own_root):
    fetch("london")
    assert set(tree(own_root / "london")) == {"neutral_front/neutral_front/001_03.jpg", "london_faces_info.csv", RECORD}


def test_what_is_complete_is_not_asked_for_again(site, own_root, capsys):
    fetch("london")
    before, asked = tree(own_root), len(site.asked)
    capsys.readouterr()
    assert main(["data", "fetch", "london"]) == 0
    assert capsys.readouterr().out == f"london is complete in {own_root / 'london'}; nothing to do\n"
    assert tree(own_root) == before and len(site.asked) == asked


# ------------------------------------------------------------------ interrupted and taken up


def test_a_killed_run_goes_on_at_the_archive_and_byte_where_it_was(site, own_root):
    third = f"/zenodo/{RAVDESS_VIDEOS[2]}/content"
    put_ravdess(site, **{RAVDESS_VIDEOS[2]: zipped({"Actor_03/x.mp4": os.urandom(200_000)})})
    site.pages[third].cut_after = [150_000] + [0] * https.TRIES
    with pytest.raises(https.Unreachable, match="goes on from there"):
        fetch("ravdess")
    left = own_root / "ravdess" / ".unpacking-left"
    left.mkdir()
    names = sorted(path.name for path in (own_root / "ravdess").iterdir() if path.suffix not in (".part", ".tag"))
    assert names == [left.name, "Video_Speech_Actor_01", "Video_Speech_Actor_02", RECORD]
    site.pages[third].cut_after = []
    site.asked.clear()
    fetch("ravdess")
    assert len(site.asked) == 1 + 45 and site.asked[1][0] == third and site.asked[1][1].startswith("bytes=1")
    assert len(list((own_root / "ravdess").rglob("*.mp4"))) == 47 and not left.exists()


def test_an_archive_put_there_by_hand_is_checked_and_unpacked(site, own_root, small_faces):
    put_cmu_faces(site, small_faces)
    (own_root / "cmu_faces").mkdir()
    (own_root / "cmu_faces" / "cmu+face+images.zip").write_bytes(site.pages["/cmu+face+images.zip"].body)
    fetch("cmu_faces")
    assert set(tree(own_root / "cmu_faces")) == {"faces/an2i/an2i_left_angry_open.pgm", RECORD} and site.asked == []


def test_a_file_that_went_missing_is_fetched_again(site, own_root):
    fetch("london")
    (own_root / "london" / "london_faces_info.csv").unlink()
    site.asked.clear()
    fetch("london")
    assert [path for path, _ in site.asked] == ["/figshare", "/figshare/london_faces_info.csv"]


def test_what_was_trusted_on_first_use_must_stay_the_same(site, own_root, small_faces):
    put_cmu_faces(site, small_faces)
    fetch("cmu_faces")
    (own_root / "cmu_faces" / "faces").rename(own_root / "away")
    (small_faces / "an2i" / "new.pgm").write_bytes(b"P5 altered")
    put_cmu_faces(site, small_faces)
    with pytest.raises(FerError, match=r"checksum sha256:\w+ instead of sha256:\w+"):
        fetch("cmu_faces")
    assert set(tree(own_root / "cmu_faces")) == {RECORD}


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("jaffe", 1, "How to get it: ask for access, with your reasons, at zenodo.org/records/3451524"),
        ("ravdes", 2, "there is no data set 'ravdes'. Did you mean 'ravdess'?"),
        ("jafe", 2, "Did you mean 'jaffe'?"),
        ("nothing like it", 2, "Those that can be fetched: london, cmu_faces, ravdess."),
    ],
)
def test_a_wrong_name_is_one_message_and_an_exit_code(own_root, capsys, name, code, message):
    assert main(["data", "fetch", name]) == code
    written = capsys.readouterr()
    assert written.err.startswith("fer_utils: ") and message in written.err and "Traceback" not in written.err
    assert list(own_root.iterdir()) == []


def test_without_a_place_to_go_nothing_is_asked(site, monkeypatch, capsys):
    monkeypatch.delenv("FER_DATA")
    assert main(["data", "fetch", "london"]) == 2
    assert "No destination for london: pass --to DIR, or set FER_DATA" in capsys.readouterr().err and site.asked == []


@pytest.mark.parametrize("name", list(SOURCES))
def test_without_a_network_the_message_says_what_to_do_by_hand(own_root, monkeypatch, capsys, name):
    def offline(*arguments, **options):
        raise https.requests.ConnectionError("Name or service not known")

    monkeypatch.setattr(https, "BACK_OFF_S", 0.0)
    monkeypatch.setattr(https.requests.Session, "send", offline)
    assert main(["data", "fetch", name]) == 1
    message = capsys.readouterr().err
    assert "https://" in message and "Name or service not known" in message
    assert f"open {SOURCES[name].page} in a browser elsewhere" in message and str(own_root / name) in message
    assert "Name or service not known; again in 0 s" in message
    assert list(own_root.iterdir()) == []


def test_a_wrong_checksum_unpacks_nothing(site, own_root):
    put_london(site, computed_md5="0" * 32)
    with pytest.raises(FerError, match=r"instead of md5:0000"):
        fetch("london")
    assert tree(own_root) == {}


def test_a_hostile_archive_with_the_right_checksum_writes_nothing(site, own_root):
    put_ravdess(site, **{RAVDESS_VIDEOS[0]: zipped({"Actor_01/good.mp4": b"x", "../../evil.mp4": b"x"})})
    with pytest.raises(FerError, match=r"'../../evil.mp4' leads out of the folder"):
        fetch("ravdess")
    assert set(tree(own_root)) == {f"ravdess/{RAVDESS_VIDEOS[0]}"} and not list(own_root.parent.rglob("evil*"))


def test_a_damaged_archive_without_a_checksum_does_not_stay_in_the_way(site, own_root, small_faces):
    put_cmu_faces(site, small_faces)
    whole = site.pages["/cmu+face+images.zip"].body
    site.put("/cmu+face+images.zip", whole[:-30])
    with pytest.raises(FerError, match=r"damaged[\s\S]*It was deleted"):
        fetch("cmu_faces")
    assert tree(own_root) == {}
    put_cmu_faces(site, small_faces, inner="other.tar.gz")
    with pytest.raises(FerError, match=r"holds no faces.tar.gz"):
        fetch("cmu_faces")
    site.put("/cmu+face+images.zip", whole)
    fetch("cmu_faces")


def test_what_the_user_has_is_not_mixed_with_what_is_fetched(site, own_root, small_faces):
    put_cmu_faces(site, small_faces)
    (own_root / "cmu_faces" / "faces").mkdir(parents=True)
    with pytest.raises(FerError, match=r"faces is there already, and not as this command left it"):
        fetch("cmu_faces")
    (own_root / "cmu_faces" / "STAND_IN.txt").write_text("avatars")
    with pytest.raises(FerError, match="holds a stand-in"):
        fetch("cmu_faces")
    assert tree(own_root) == {"cmu_faces/STAND_IN.txt": b"avatars"} and site.asked == []


def test_too_small_a_disk_is_seen_before_the_first_archive(site, own_root, monkeypatch):
    total = sum(len(site.pages[f"/zenodo/{name}/content"].body) for name in RAVDESS_VIDEOS)
    monkeypatch.setattr("fer_utils.files.shutil.disk_usage", lambda folder: SimpleNamespace(free=total))
    with pytest.raises(FerError, match="GB are needed"):
        fetch("ravdess")
    assert [path for path, _ in site.asked] == ["/zenodo"]


def test_two_fetches_do_not_write_to_one_folder(site, own_root):
    (own_root / "london").mkdir()
    handle = os.open(own_root / "london", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(FerError, match="another process is writing"):
        fetch("london")
    os.close(handle)
    fetch("london")


def test_a_record_that_can_not_be_read_is_named(site, own_root):
    (own_root / "london").mkdir()
    for damage in ("{", "[]", '{"complete": true, "files": {"a": {}}}'):
        (own_root / "london" / RECORD).write_text(damage)
        with pytest.raises(FerError, match=r"fetched\.json is damaged"):
            fetch("london")


# ------------------------------------------------------------------ listings


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../up.zip"},
        {"name": "a/b.zip"},
        {"name": ".hidden"},
        {"name": ""},
        {"name": ["a"]},
        {"name": "london_faces_info.csv"},
        {"size": "12"},
        {"size": -1},
        {"computed_md5": ""},
        {"computed_md5": None},
        {"download_url": None},
    ],
)
def test_a_listing_that_could_not_be_fetched_safely_is_refused(site, own_root, change):
    put_london(site, **change)
    with pytest.raises(https.Unreachable, match=r"/figshare lists "):
        fetch("london")
    assert tree(own_root) == {}


@pytest.mark.parametrize("answer", [{}, [], {"files": None}, {"files": ["a"]}, "text", None, [{}]])
@pytest.mark.parametrize(("name", "path"), [("london", "/figshare"), ("ravdess", "/zenodo")])
def test_another_answer_than_a_listing_is_named(site, own_root, name, path, answer):
    site.put(path, json.dumps(answer).encode())
    with pytest.raises(https.Unreachable, match=rf"{path} (does not list|lists no)"):
        fetch(name)


def test_ravdess_without_one_of_its_archives_is_refused(site, own_root):
    put_ravdess(site, **{"Video_Song_Actor_07.zip": None})
    with pytest.raises(https.Unreachable, match=r"does not list Video_Song_Actor_07\.zip;"):
        fetch("ravdess")


def test_only_actor_18_has_no_song():
    assert len(set(RAVDESS_VIDEOS)) == 47
    assert "Video_Speech_Actor_18.zip" in RAVDESS_VIDEOS and "Video_Song_Actor_18.zip" not in RAVDESS_VIDEOS
    assert all(url.startswith("https://") for url in (listings.ZENODO_RAVDESS, listings.FIGSHARE_LONDON,
                                                      listings.UCI_CMU_FACES))  # fmt: skip
