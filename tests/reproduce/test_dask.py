"""A stage of every paper on a Dask cluster of two workers: the bits of one process, and large arrays sent once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest

from fer_utils.errors import FerError
from fer_utils.papers.clifer.study import Study as Clifer
from fer_utils.papers.dcgan_svm import cast
from fer_utils.papers.dcgan_svm.study import Study as DcganSvm
from fer_utils.papers.gan_augmentation import parts
from fer_utils.papers.gan_augmentation.study import Study as GanAugmentation
from fer_utils.papers.landmark_ensemble.pipeline import prepare
from fer_utils.papers.landmark_ensemble.study import Study as LandmarkEnsemble
from fer_utils.papers.mobilenet_jaffe.settings import Retraining
from fer_utils.papers.mobilenet_jaffe.study import Study as MobilenetJaffe
from fer_utils.papers.registry import PAPERS
from fer_utils.papers.study import Mapper, Unit
from fer_utils.reproduce import on_dask
from fer_utils.reproduce.units import Store, run_units
from tests.papers.clifer import conftest as paper_1
from tests.papers.dcgan_svm import conftest as paper_4
from tests.papers.gan_augmentation import conftest as paper_2
from tests.papers.landmark_ensemble import conftest as paper_3
from tests.papers.mobilenet_jaffe import conftest as paper_5
from tests.reproduce.toy_units import dies, square, square_or_die, sums

Calls = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "memory_limit": 0}
    with distributed.LocalCluster(**workers, dashboard_address=":0", silence_logs=50) as cluster:
        yield cluster.scheduler_address


def a_stage_of_clifer(mapper: Mapper, patch: pytest.MonkeyPatch) -> None:
    tiny = paper_1.SETTINGS.imagination.but(epochs=1, warm_up=0)
    Clifer(paper_1.make_drawn(), paper_1.SETTINGS.but(imagination=tiny), [0], mapper).codes("sound")


def a_stage_of_gan_augmentation(mapper: Mapper, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parts.data, "load", lambda name: paper_2.make_source())
    GanAugmentation(paper_2.make_target(), "lab", paper_2.SETTINGS, [0], mapper).gans("dcgan")


def a_stage_of_landmark_ensemble(mapper: Mapper, patch: pytest.MonkeyPatch) -> None:
    drawn = paper_3.make_drawn()
    prepared = {name: np.asarray(value) for name, value in vars(paper_3.as_prepared(drawn)).items()}

    def in_drawings_no_face_is_found(unit: Unit, calls: Calls, stage: str) -> list[dict[str, Any]]:
        return [prepared] if unit is prepare else mapper(unit, calls, stage)

    LandmarkEnsemble(drawn, paper_3.TINY, [0], in_drawings_no_face_is_found).trained("baseline", "sound")


def a_stage_of_dcgan_svm(mapper: Mapper, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cast.data, "load", lambda name: paper_4.make_drawn())
    patch.setattr(cast, "crop_faces", lambda faces, *_, **__: (faces, None))
    roles = {name: paper_4.CAST[name] for name in ("celeba", "frontal")}
    DcganSvm(roles, paper_4.SETTINGS.but(draws=2), [0], mapper).emotions("published")


def a_stage_of_mobilenet_jaffe(mapper: Mapper, patch: pytest.MonkeyPatch) -> None:
    study = MobilenetJaffe(paper_5.make_drawn(), paper_5.SETTINGS.but(quota=24), [0], mapper, "ssd", Retraining())
    study.answers(next(iter(study.readings.values())), "D", "last_epoch")


STAGES = {
    "clifer": a_stage_of_clifer,
    "gan_augmentation": a_stage_of_gan_augmentation,
    "landmark_ensemble": a_stage_of_landmark_ensemble,
    "dcgan_svm": a_stage_of_dcgan_svm,
    "mobilenet_jaffe": a_stage_of_mobilenet_jaffe,
}


def same_bits(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return bool(one == other)


def test_every_paper_has_a_stage_here() -> None:
    assert list(STAGES) == [paper.name for paper in PAPERS]


@pytest.mark.parametrize("name", STAGES)
def test_two_workers_give_the_bits_of_one_process(
    name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def both(unit: Unit, calls: Calls, stage: str) -> list[dict[str, Any]]:
        here = run_units(unit, calls, stage=stage, store=Store(tmp_path / "here"), workers=1)
        there = run_units(unit, calls, stage=stage, store=Store(tmp_path / "there"), dask=address)
        for one, other in zip(here, there, strict=True):
            assert list(one) == list(other) and all(map(same_bits, one.values(), other.values())), unit.__name__
            compared.append(unit.__name__)
        return here

    STAGES[name](both, monkeypatch)
    assert len(compared) > 1


def test_an_array_is_sent_once_whoever_holds_it(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[np.ndarray] = []
    pickled: list[int] = []
    scatter, without_large = distributed.Client.scatter, on_dask._without_large

    def scattering(client: distributed.Client, array: np.ndarray, **how: Any) -> Any:
        sent.append(array)
        return scatter(client, array, **how)

    def watched(*what: Any) -> Any:
        found = without_large(*what)
        pickled.append(len(found[0]))
        return found

    monkeypatch.setattr(distributed.Client, "scatter", scattering)
    monkeypatch.setattr(on_dask, "_without_large", watched)
    faces, rows, few = (np.arange(count) for count in (100_000, 50_000, 10))
    # Every call holds the one array, and an equal one of its own; the small one goes with the call.
    calls = [{"number": n, "within": {"faces": faces, "rows": rows.copy(), "few": few}} for n in range(12)]
    results = run_units(sums, calls, stage="sums", store=Store(tmp_path), dask=address)
    assert [result["sum"] for result in results] == [int(faces.sum() + rows.sum() + few.sum()) + n for n in range(12)]
    assert len({result["process"] for result in results}) == 2, "both workers have computed"
    assert sorted(len(array) for array in sent) == [50_000, 100_000] and max(pickled) < 1_000


def test_a_worker_that_dies_costs_only_its_unit(address: str, tmp_path: Path) -> None:
    large = np.arange(100_000)
    common = {"log": str(tmp_path / "log"), "trap": str(tmp_path / "trap")}
    calls = [{"number": n, "pictures": large, **common} for n in range(6)]
    results = run_units(square_or_die, calls, stage="squares", store=Store(tmp_path / "units"), dask=address)
    assert [int(result["square"][0]) for result in results] == [0, 1, 4, 9, 16, 25]
    assert (tmp_path / "trap").exists(), "one has died"


def test_arrays_that_died_with_their_worker_are_sent_again(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = []
    submit = distributed.Client.submit

    def after_a_death(client: distributed.Client, *what: Any, **how: Any) -> Any:
        if not lost:
            lost.append(client.restart())
        return submit(client, *what, **how)

    monkeypatch.setattr(distributed.Client, "submit", after_a_death)
    calls = [{"number": n, "within": {"faces": np.arange(100_000)}} for n in range(3)]
    results = run_units(sums, calls, stage="sums", store=Store(tmp_path), dask=address)
    assert [result["sum"] - results[0]["sum"] for result in results] == [0, 1, 2] and lost


def test_a_unit_that_kills_its_workers_is_named(address: str, tmp_path: Path) -> None:
    with pytest.raises(FerError, match=r"dies killed 4 Dask workers.*0 of this stage's 1 units were stored"):
        run_units(dies, [{"number": 1}], stage="deaths", store=Store(tmp_path), dask=address)


def test_a_cluster_without_workers_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_dask, "ALONE_S", 0.2)
    monkeypatch.setattr(on_dask, "POLL_S", 0.1)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as nobody:
        call = {"number": 1, "within": {"faces": np.arange(100_000)}}
        with pytest.raises(FerError, match=r"no Dask worker is at .*--nthreads 1` starts one"):
            run_units(sums, [call], stage="sums", store=Store(tmp_path),
                      dask=nobody.scheduler_address)  # fmt: skip


def test_a_scheduler_that_goes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_dask, "POLL_S", 0.1)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as nobody:
        client = distributed.Client(nobody.scheduler_address, timeout="10s")
        stage = on_dask._Stage(client, nobody.scheduler_address, square, {"a": {"number": 1, "log": ""}})
        client.close()
        with pytest.raises(FerError, match=r"the Dask scheduler at .* has gone"):
            stage._demand_workers(0)
