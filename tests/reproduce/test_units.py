from pathlib import Path

import numpy as np
import pytest

from fer_utils import devices
from fer_utils.errors import FerError
from fer_utils.reproduce import provenance, units
from fer_utils.stored import write_sealed
from tests.reproduce.toy_units import square, square_on_one_core


@pytest.fixture
def store(tmp_path):
    return units.Store(tmp_path / "units")


def calls(log: Path, numbers=(1, 2, 3)):
    return [{"number": number, "log": str(log)} for number in numbers]


def computed(log: Path) -> list[str]:
    return sorted(log.read_text().split()) if log.exists() else []


def test_results_come_in_the_order_of_the_calls_and_finished_units_do_not_run_again(tmp_path, store):
    log = tmp_path / "log"
    first = units.run_units(square, calls(log), stage="squares", store=store)
    again = units.run_units(square, calls(log, (3, 1, 4)), stage="squares", store=store)
    assert [int(result["square"][0]) for result in first] == [1, 4, 9]
    assert [int(result["square"][0]) for result in again] == [9, 1, 16]
    assert again[0]["number"] == 3
    assert computed(log) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_units_took_is_told_whenever_they_ran(tmp_path, store, workers):
    log, first, second = tmp_path / "log", units.Work(), units.Work()
    units.run_units(square, calls(log, (1, 2, 2)), stage="squares", store=store, work=first, workers=workers)
    assert (first.units, first.fetched) == (2, 0) and first.seconds > 0
    results = units.run_units(square, calls(log), stage="squares", store=store, work=second, workers=workers)
    assert (second.units, second.fetched) == (3, 2) and second.seconds >= first.seconds
    assert set(results[0]) == set(results[2]) == {"square", "number"}


def test_a_unit_asked_for_twice_in_one_call_runs_once(tmp_path, store):
    log = tmp_path / "log"
    results = units.run_units(square, calls(log, (5, 5)), stage="squares", store=store)
    assert [int(result["square"][0]) for result in results] == [25, 25]
    assert computed(log) == ["5"]


def test_worker_processes_give_the_same_results(tmp_path, store):
    results = units.run_units(square, calls(tmp_path / "log", range(6)), stage="squares", workers=2, store=store)
    assert [int(result["square"][0]) for result in results] == [0, 1, 4, 9, 16, 25]


def test_units_that_compute_on_one_core_share_the_cores_unasked(tmp_path, store, monkeypatch):
    monkeypatch.setattr(devices, "available_cores", lambda: 3)
    monkeypatch.setattr(devices, "gpu_visible", lambda: False)
    asked = []
    monkeypatch.setattr(units, "_compute", lambda function, waiting, workers, dask: asked.append(workers) or ())
    for function in (square, square_on_one_core):
        for numbers, workers in ((range(6), None), (range(2), None), (range(6), 2)):
            units.run_units(function, calls(tmp_path / "log", numbers), stage="s", workers=workers, store=store)
    assert asked == [1, 1, 2, 3, 2, 2]
    monkeypatch.setattr(devices, "gpu_visible", lambda: True)
    assert devices.at_once(square_on_one_core) == 1


def test_a_dask_cluster_gives_the_same_results(tmp_path, store):
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
        results = units.run_units(
            square, calls(tmp_path / "log", range(4)), stage="squares", dask=cluster.scheduler_address, store=store
        )
    assert [int(result["square"][0]) for result in results] == [0, 1, 4, 9]


def test_an_absent_dask_scheduler_is_named(tmp_path, store, monkeypatch):
    import distributed

    monkeypatch.setattr(
        distributed, "Client", lambda address, timeout: (_ for _ in ()).throw(OSError(f"nobody at {address}"))
    )
    with pytest.raises(FerError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        units.run_units(square, calls(tmp_path / "log"), stage="squares", dask="tcp://127.0.0.1:9", store=store)


def in_header(raw: bytes, change) -> bytes:
    """A stored unit with the header of its first array changed, and the archive left as it is."""
    start = raw.index(b"{'descr'")
    end = raw.index(b"\n", start)
    header = change(raw[start:end].rstrip())
    assert len(header) <= end - start, "the header does not fit"
    return raw[:start] + header.ljust(end - start) + raw[end:]


def flipped(raw: bytes, place: int, mask: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ mask]) + raw[place + 1 :]


DAMAGES = {
    "half a file": lambda raw: raw[: len(raw) // 2],
    "an empty file": lambda raw: b"",
    "a bit of a number": lambda raw: flipped(raw, raw.index(b"{'descr'") + 130, 4),
    "a bit of the type": lambda raw: in_header(raw, lambda header: header.replace(b"<i8", b"<u8")),
    "a bracket": lambda raw: in_header(raw, lambda header: header.replace(b"}", b"{")),
    "a huge shape": lambda raw: in_header(raw, lambda header: header.replace(b"(1,)", b"(9999999999999,)")),
    "a shape beyond numbers": lambda raw: in_header(
        raw, lambda header: header.replace(b"(1,)", b"(" + b"9" * 25 + b",)")
    ),
    "a JSON list": lambda raw: b"[]",
    "a file of before": lambda raw: raw[: raw.rindex(b"\nfer_utils ")],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_unit_is_computed_again_with_one_note(tmp_path, store, capfd, damage):
    log = tmp_path / "log"
    units.run_units(square, calls(log, (7,)), stage="squares", store=store)
    (stored,) = store.folder.rglob("*.npz")
    whole = stored.read_bytes()
    stored.write_bytes(damage(whole))
    assert stored.read_bytes() != whole
    for _ in range(2):
        (result,) = units.run_units(square, calls(log, (7,)), stage="squares", store=store)
        assert int(result["square"][0]) == 49 and result["number"] == 7
    assert computed(log) == ["7", "7"]
    assert capfd.readouterr().err.count("that work is done again") == 1


def test_a_unit_under_another_s_name_is_computed_again(tmp_path, store, capfd):
    log = tmp_path / "log"
    units.run_units(square, calls(log, (2, 3)), stage="squares", store=store)
    two, three = (store.path(key(**call)) for call in calls(log, (2, 3)))
    three.write_bytes(two.read_bytes())
    (result,) = units.run_units(square, calls(log, (3,)), stage="squares", store=store)
    assert int(result["square"][0]) == 9
    assert computed(log) == ["2", "3", "3"] and "stored for something else" in capfd.readouterr().err


@pytest.mark.parametrize(
    "content", [{"square": np.array([1])}, {units.PLAIN: np.array("[1]")}, {units.PLAIN: np.array("{")}]
)
def test_a_whole_file_that_holds_no_unit_is_computed_again(store, capfd, content):
    write_sealed(store.path("ab" * 20), content)
    assert store.get("ab" * 20) is None
    assert "that work is done again" in capfd.readouterr().err


def test_what_is_stored_is_what_was_computed(store):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    given = store.put("ab" * 20, {"array": array, "text": "ä", "list": [1, None]})
    stored = store.get("ab" * 20)
    assert set(stored) == set(given) == {"array", "text", "list"}
    assert stored["text"] == given["text"] == "ä"
    assert stored["list"] == given["list"] == [1, None]
    np.testing.assert_array_equal(stored["array"], array)
    assert stored["array"].dtype == np.float32


def key(**arguments) -> str:
    return units.unit_key(square, arguments)


def test_the_key_follows_content_not_identity(tmp_path):
    array = np.arange(4)
    assert key(a=array) == key(a=array.copy())
    assert key(a=array) != key(a=array.astype(np.int32))
    assert key(a=array) != key(a=array.reshape(2, 2))
    assert key(a=1) != key(a=2)
    assert key(a=1) != key(b=1)
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    before = key(a=file)
    file.write_bytes(b"two")
    assert key(a=file) != before


def test_an_argument_without_content_is_refused():
    with pytest.raises(TypeError, match="cannot build a cache key from type"):
        key(a=object())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small copy of a package in which a unit uses a helper that uses another."""
    folder = tmp_path / "fer_utils"
    (folder / "weights").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "unit.py").write_text("from fer_utils.helper import help\n")
    (folder / "helper.py").write_text("def help():\n    from fer_utils import deep\n    return 1\n")
    (folder / "deep.py").write_text("value = 1\n")
    (folder / "stranger.py").write_text("value = 1\n")
    (tmp_path / "README.md").write_text("before\n")
    monkeypatch.setattr(provenance, "PACKAGE", folder)
    provenance.source_digest.cache_clear()
    yield folder
    provenance.source_digest.cache_clear()


def digest() -> str:
    provenance.source_digest.cache_clear()
    return provenance.source_digest("fer_utils.unit")


@pytest.mark.parametrize("name", ["unit.py", "helper.py", "deep.py", "__init__.py", "weights/new.h5"])
def test_a_changed_line_in_anything_a_unit_can_reach_changes_its_digest(package, name):
    before = digest()
    file = package / name
    file.write_text((file.read_text() if file.exists() else "") + "x = 2\n")
    assert digest() != before


@pytest.mark.parametrize("name", ["stranger.py", "../README.md"])
def test_what_a_unit_cannot_reach_does_not_change_its_digest(package, name):
    before = digest()
    (package / name).write_text("something else\n")
    assert digest() == before


def test_the_real_feature_unit_reaches_its_helpers_and_not_the_report():
    reached = set()
    todo = ["fer_utils.papers.mobilenet_jaffe.protocol"]
    while todo:
        name = todo.pop()
        path = provenance._file_of(name)
        if path and name not in reached:
            reached.add(name)
            todo += provenance._imports(name, path)
    assert {"fer_utils.preprocess.pixels", "fer_utils.papers.mobilenet_jaffe.model", "fer_utils.splits"} <= reached
    assert not any(name.startswith("fer_utils.reproduce") for name in reached)
