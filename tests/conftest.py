"""What was chosen before any module of ours could settle it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import fer_utils.reproduce  # noqa: F401  before nbformat: what that need not load takes seconds
from fer_utils import accelerators
from fer_utils.cache_dir import cache_dir
from fer_utils.locks import in_turn

MakeOnce = Callable[[str, Callable[[Path], None]], Path]

if os.environ.get("PYTEST_XDIST_WORKER"):
    # Several processes share the cores: one thread each, before NumPy or torch is loaded.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    # They share a cache too: what one has made, the others wait for and find.
    os.environ["FER_CACHE"] = str(cache_dir() / "tests")
# A test with a cache of its own does not compile anew for it.
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_dir() / "numba"))

# Tests compare bits and closed forms, which hold on a processor. What a GPU must do has its own: `make test-gpu`.
if not os.environ.get("FER_TEST_GPU") and accelerators._driver_there():
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

# No test draws into a window, whatever the user's other programs do.
os.environ["MPLBACKEND"] = "Agg"

SLOW = (
    "course/test_exercises.py", "papers/clifer/test_gdm.py", "avatars/stand_ins/test_layouts.py",
    "reproduce/test_dask.py", "reproduce/test_rehearse_papers.py", "reproduce/test_runner.py",
    "papers/mobilenet_jaffe/test_model.py", "gans/test_train.py", "datasets/test_damage.py",
    "papers/dcgan_svm/test_study.py", "papers/dcgan_svm/test_estimate.py", "test_devices.py", "avatars/test_quality.py",
    "reproduce/test_killed.py", "reproduce/test_cli.py", "papers/mobilenet_jaffe/test_study.py",
    "papers/mobilenet_jaffe/test_tuning.py", "papers/test_a_sixth_paper.py", "reproduce/test_report_in_a_browser.py",
    "papers/landmark_ensemble/test_trainer.py", "data/test_doctor.py", "papers/clifer/test_gwr.py",
    "reproduce/test_side_by_side.py", "test_silence.py", "test_image_features.py",
)  # fmt: skip
"""Files that take ten seconds or more; they come first, so that no process is left alone with one at the end.

``test_gdm`` compiles paper 1's loop into the cache, long before ``test_gwr`` needs it.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    home = Path(__file__).parent
    place = {home / name: number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path, len(SLOW)))


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """``make_once(name, fill)``: a folder that one of a run's processes fills and all read; nobody changes it."""
    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent

    def made(name: str, fill: Callable[[Path], None]) -> Path:
        home = root / f"once-{name}"
        home.mkdir(exist_ok=True)
        folder, complete = home / "made", home / "complete"
        with in_turn(home):
            if not complete.exists():
                folder.mkdir()
                fill(folder)
                complete.touch()
        return folder

    return made
