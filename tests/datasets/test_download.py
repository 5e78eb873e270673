"""Downloads from a site that breaks off, changes its files, is busy, lies or sends us elsewhere."""

from __future__ import annotations

import hashlib
import os
import random
import socket
from types import SimpleNamespace

import pytest

from fer_utils.datasets import download as module
from fer_utils.datasets import https
from fer_utils.datasets.download import RemoteFile, checksum_of, download
from fer_utils.datasets.https import Session, Unreachable, check_url, read_json
from fer_utils.errors import FerError
from tests.datasets.site import serving

BODY = random.Random(0).randbytes(300_000)  # the same in every worker: tests are named after its digest
MD5 = "md5:" + hashlib.md5(BODY).hexdigest()


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("FER_PROGRESS", raising=False)
    monkeypatch.setattr(https, "BACK_OFF_S", 0.0)
    with serving() as site:
        yield site


@pytest.fixture
def session():
    with Session() as session:
        yield session


@pytest.fixture
def target(tmp_path):
    return tmp_path / "file.zip"


def names(target) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def ranges(site) -> list[str]:
    return [asked for _, asked in site.asked]


def test_a_file_arrives_whole_and_alone(site, session, target):
    file = RemoteFile("file.zip", site.put("/file", BODY), len(BODY), MD5)
    download(session, file, target)
    assert target.read_bytes() == BODY and names(target) == ["file.zip"]
    download(session, file, target)
    assert len(site.asked) == 1


def test_a_broken_connection_is_taken_up_where_it_broke(site, session, target):
    url = site.put("/file", BODY, cut_after=[150_000, 0, 100_000])
    download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert target.read_bytes() == BODY and names(target) == ["file.zip"]
    first, second, third, fourth = ranges(site)
    assert (first, second) == ("", third) and 0 < int(second[6:-1]) <= 150_000 < int(fourth[6:-1]) < len(BODY)


@pytest.mark.parametrize(("checksum", "etag"), [(MD5, '"one"'), (MD5, ""), (None, '"one"')])
def test_another_process_goes_on_with_the_part(site, session, target, checksum, etag):
    url = site.put("/file", BODY, etag=etag, cut_after=[200_000] + [0] * https.TRIES)
    with pytest.raises(Unreachable, match=f"tried {https.TRIES} times"):
        download(session, RemoteFile("file.zip", url, len(BODY), checksum), target)
    part = target.with_name("file.zip.part")
    assert not target.exists() and BODY.startswith(part.read_bytes()) and part.stat().st_size > 100_000
    site.asked.clear()
    site.pages["/file"].cut_after.clear()
    with Session() as another:
        download(another, RemoteFile("file.zip", url, len(BODY), checksum), target)
    assert target.read_bytes() == BODY and names(target) == ["file.zip"]
    assert len(site.asked) == 1 and ranges(site)[0] > "bytes=1"


def test_two_versions_are_never_glued_together(site, session, target):
    url = site.put("/file", os.urandom(300_000), cut_after=[200_000] + [0] * https.TRIES)
    with pytest.raises(Unreachable):
        download(session, RemoteFile("file.zip", url), target)
    site.put("/file", BODY, etag='"two"')
    download(session, RemoteFile("file.zip", url), target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_mark_or_checksum_a_part_is_not_trusted(site, session, target, etag):
    target.with_name("file.zip.part").write_bytes(b"from long ago")
    download(session, RemoteFile("file.zip", site.put("/file", BODY, etag=etag)), target)
    assert target.read_bytes() == BODY and ranges(site) == [""]


def test_a_server_without_ranges_starts_again_cleanly(site, session, target):
    url = site.put("/file", BODY, ranges=False, cut_after=[150_000, 200_000])
    download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert target.read_bytes() == BODY and len(site.asked) == 3


def test_a_part_that_is_wrong_is_fetched_once_more_from_the_beginning(site, session, target):
    target.with_name("file.zip.part").write_bytes(bytes(1000))
    download(session, RemoteFile("file.zip", site.put("/file", BODY), len(BODY), MD5), target)
    assert target.read_bytes() == BODY and ranges(site) == ["bytes=1000-", ""]


@pytest.mark.parametrize("length", [len(BODY), len(BODY) + 5])
def test_a_part_that_has_all_or_more_ends_well(site, session, target, length):
    target.with_name("file.zip.part").write_bytes((BODY + b"extra")[:length])
    download(session, RemoteFile("file.zip", site.put("/file", BODY), len(BODY), MD5), target)
    assert target.read_bytes() == BODY and len(site.asked) == (length > len(BODY))


def test_a_complete_part_of_unknown_size_ends_well(site, session, target):
    target.with_name("file.zip.part").write_bytes(BODY)
    target.with_name("file.zip.part.tag").write_text('"one"')
    download(session, RemoteFile("file.zip", site.put("/file", BODY)), target)
    assert target.read_bytes() == BODY and ranges(site) == [f"bytes={len(BODY)}-", ""]


def test_unknown_length_and_an_early_end_are_told_apart_by_the_listing(site, session, target):
    url = site.put("/file", BODY, lengths=False, cut_after=[100_000])
    download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert target.read_bytes() == BODY and len(site.asked) == 2


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_is_always_too_short_is_given_up(site, session, target, ranges):
    url = site.put("/file", BODY[:1000], lengths=False, ranges=ranges)
    with pytest.raises(Unreachable, match=f"tried {https.TRIES} times"):
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert len(site.asked) == https.TRIES and not target.exists()


def test_a_wrong_checksum_leaves_nothing(site, session, target):
    url = site.put("/file", BODY[::-1])
    with pytest.raises(FerError, match=r"checksum md5:\w+ instead of md5:\w+. It was thrown away"):
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert names(target) == []


def test_a_page_of_another_length_is_not_taken_for_the_file(site, session, target):
    url = site.put("/file", b"<html>please log in</html>")
    with pytest.raises(Unreachable, match=r"would send 26 bytes instead of 300,000; is a login page"):
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert not target.exists()
    site.put("/file", BODY + b"more", lengths=False)
    with pytest.raises(Unreachable, match=r"more than the 300,000 bytes"):
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert not target.exists()


def test_a_file_that_lies_there_is_checked_and_never_overwritten(site, session, target):
    target.write_bytes(b"mine")
    with pytest.raises(FerError, match=r"has 4 bytes instead of 300,000. Move it away"):
        download(session, RemoteFile("file.zip", site.put("/file", BODY), len(BODY), MD5), target)
    assert target.read_bytes() == b"mine" and site.asked == []


def test_a_full_disk_is_seen_before_the_first_byte(site, session, target, monkeypatch):
    monkeypatch.setattr("fer_utils.files.shutil.disk_usage", lambda folder: SimpleNamespace(free=299_999))
    with pytest.raises(FerError, match=r"GB free, .* are needed"):
        download(session, RemoteFile("file.zip", site.put("/file", BODY)), target)
    assert names(target) == []


def test_a_disk_that_fills_up_is_put_into_words_and_keeps_the_part(site, session, target, monkeypatch):
    def full(response, stream, file):
        stream.write(BODY[:1000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_copy", full)
    with pytest.raises(FerError, match="No space left on device"):
        download(session, RemoteFile("file.zip", site.put("/file", BODY)), target)
    assert names(target) == ["file.zip.part", "file.zip.part.tag"]


def test_progress_in_a_log_is_a_line_of_megabytes(site, session, target, capfd):
    body = bytes(3_500_000)
    download(session, RemoteFile("file.zip", site.put("/file", body), len(body)), target)
    assert capfd.readouterr().err.startswith("file.zip, MB: 3/3 100 % after ")


# ------------------------------------------------------------------ a site that does not answer as it should


def test_a_busy_server_is_asked_again_and_its_wish_to_wait_is_heard(site, session, target, monkeypatch):
    waited = []
    monkeypatch.setattr(https.time, "sleep", waited.append)
    monkeypatch.setattr(https, "BACK_OFF_S", 1.0)
    answers = [(503, {}), (429, {"Retry-After": "7"}), (500, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
               (503, {"Retry-After": "99999"})]  # fmt: skip
    url = site.put("/file", BODY, answers=answers)
    download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert waited == [1, 7, 4, https.LONGEST_WAIT_S]


@pytest.mark.parametrize("status", [401, 403, 404, 410, 501])
def test_a_final_no_is_not_asked_again(site, session, target, status):
    url = site.put("/file", BODY, answers=[(status, {})] * 2)
    with pytest.raises(Unreachable, match=rf"/file can't be fetched: the server answers {status}"):
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert len(site.asked) == 1 and names(target) == []


def test_redirects_are_followed_where_they_are_safe(site, session, target):
    url = site.put("/old", b"", answers=[(302, {"Location": "/file"})])
    site.put("/file", BODY)
    download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    "where", ["http://example.org/file", "http://localhost:1/file", "ftp://127.0.0.1/x", "file:///x"]
)
def test_redirects_away_from_https_are_refused(site, session, target, where):
    url = site.put("/file", BODY, answers=[(302, {"Location": where})])
    with pytest.raises(Unreachable) as failure:
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)
    assert f"{where} (where {url} redirects to) is no https address" in str(failure.value)
    assert len(site.asked) == 1


def test_redirects_in_a_circle_end(site, session, target):
    url = site.put("/file", BODY, answers=[(302, {"Location": "/file"})] * 20)
    with pytest.raises(Unreachable, match="redirects"):
        download(session, RemoteFile("file.zip", url, len(BODY), MD5), target)


@pytest.mark.parametrize(
    ("url", "came_from", "fine"),
    [
        ("https://zenodo.org/x", None, True),
        ("https://s3.example.org/x", "https://zenodo.org/x", True),
        ("http://127.0.0.1:80/x", None, True),
        ("http://127.0.0.1:80/x", "https://zenodo.org/x", False),
        ("http://127.0.0.1.example.org/x", None, False),
        ("http://zenodo.org/x", None, False),
        ("HTTP://zenodo.org/x", None, False),
        ("file:///etc/passwd", None, False),
        ("zenodo.org/x", None, False),
    ],
)
def test_only_https_is_spoken_and_http_with_this_machine(url, came_from, fine):
    if fine:
        check_url(url, came_from)
    else:
        with pytest.raises(Unreachable, match="is no https address"):
            check_url(url, came_from)


def test_no_network_is_one_short_message(session, target, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(https, "BACK_OFF_S", 0.0)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        with pytest.raises(Unreachable) as failure:
            download(session, RemoteFile("file.zip", url), target)
    assert str(failure.value).startswith(f"{url} can't be fetched, tried {https.TRIES} times: ")
    assert "refused" in str(failure.value) and "object at 0x" not in str(failure.value)


def test_a_listing_is_json_of_reasonable_size(site, session, monkeypatch):
    assert read_json(session, site.put("/good", b'{"files": []}', cut_after=[3])) == {"files": []}
    with pytest.raises(Unreachable, match="does not answer with JSON"):
        read_json(session, site.put("/html", b"<html>"))
    monkeypatch.setattr(https, "LARGEST_JSON", 10)
    with pytest.raises(Unreachable, match="too many for a list"):
        read_json(session, site.put("/long", b"[" + b"1," * 100 + b"1]"))


def test_checksums_of_known_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert checksum_of(tmp_path / "x", "md5") == "md5:900150983cd24fb0d6963f7d28e17f72"
    assert checksum_of(tmp_path / "x", "sha256").startswith("sha256:ba7816bf")
