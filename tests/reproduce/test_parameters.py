"""Parameters: the table is the notebooks', wrong values are refused, changed ones go on every label."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from fer_utils.errors import UsageError
from fer_utils.image_features import SPACES
from fer_utils.papers.parameters import Parameter, as_suffix, changed, named
from fer_utils.papers.registry import PAPERS
from fer_utils.papers.study import PROFILES
from fer_utils.preprocess.detect import DETECTORS
from fer_utils.reproduce.knobs import NOTEBOOKS, in_force

FOLDER = Path(__file__).parents[2] / "notebooks"


def parameter_cell(name: str) -> str:
    cells = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells
    return next(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))


def test_every_notebook_has_its_table():
    assert sorted(NOTEBOOKS) == sorted(path.stem for path in FOLDER.glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_names_order_and_defaults_are_the_notebook_s(name):
    body = ast.parse(parameter_cell(name)).body
    written = {line.targets[0].id: ast.literal_eval(line.value) for line in body}
    assert written == {parameter: spec.default for parameter, spec in NOTEBOOKS[name].items()}
    assert list(written) == list(NOTEBOOKS[name])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_comment_beside_a_parameter_names_its_choices(name):
    lines = {line.split(" = ")[0]: line for line in parameter_cell(name).splitlines()}
    for parameter, spec in NOTEBOOKS[name].items():
        if spec.kind == "text" and spec.choices:
            comment = lines[parameter].partition("#")[2]
            said = re.findall(r"[A-Za-z0-9_]+", comment)
            missing = [choice for choice in spec.choices if choice not in said]
            assert not missing, (name, parameter, missing)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_shipped_defaults_pass(name):
    assert in_force(name, {parameter: spec.default for parameter, spec in NOTEBOOKS[name].items()}) == {}


def test_what_the_tables_name_exists():
    for notebook in ("02_gan_augmentation", "04_dcgan_svm"):
        assert set(NOTEBOOKS[notebook]["space"].choices) == set(SPACES)
    for notebook in ("03_landmark_ensemble", "05_mobilenet_jaffe"):
        assert set(NOTEBOOKS[notebook]["detector"].choices) == set(DETECTORS)
    for paper in PAPERS:
        assert tuple(paper.part("settings").PROFILES) == PROFILES


BASE = {name: spec.default for name, spec in NOTEBOOKS["03_landmark_ensemble"].items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("balance", "False"), ("balance", 0), ("seeds", 3), ("seeds", []), ("seeds", [1, 1]), ("seeds", [True]),
        ("seeds", [-1]), ("seeds", ["0"]), ("max_folds", 0), ("max_folds", -1), ("max_folds", "1"), ("max_folds", 1.0),
        ("max_folds", float("nan")), ("max_folds", True), ("protocol", "Published"), ("profile", None),
        ("classes", ["neutral"]), ("classes", ["neutral", "boredom"]), ("classes", "neutral"), ("dataset", None),
        ("detector", "dlip"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_the_first_cell_of_every_road(name, value):
    with pytest.raises(UsageError, match=rf"^{name} must be .*, not "):
        in_force("03_landmark_ensemble", {**BASE, name: value})


def test_an_unknown_data_set_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match="Did you mean 'jaffe'"):
        in_force("03_landmark_ensemble", {**BASE, "dataset": "jafe"})


def test_a_parameter_that_was_deleted_from_the_cell_is_missed():
    with pytest.raises(UsageError, match="lacks dataset, seeds"):
        in_force("03_landmark_ensemble", {name: BASE[name] for name in BASE if name not in ("dataset", "seeds")})


def test_what_was_changed_is_told_but_not_data_profile_and_device():
    scope = {**BASE, "dataset": "london", "profile": "smoke", "device": "cpu", "max_folds": 2, "seeds": [7]}
    assert in_force("03_landmark_ensemble", scope) == {"seeds": [7], "max_folds": 2}


@pytest.mark.parametrize(
    ("spec", "text", "value"),
    [
        (Parameter(None, "flag", optional=True), "false", False),
        (Parameter(None, "flag", optional=True), "None", None),
        (Parameter(3, "number"), " 12 ", 12),
        (Parameter([0], "seeds"), "0,1,2", [0, 1, 2]),
        (Parameter([0], "seeds"), "[4]", [4]),
        (Parameter([], "names", ("last_block", "all")), "all", ["all"]),
        (Parameter([], "names", ("last_block", "all")), '["last_block", "all"]', ["last_block", "all"]),
        (Parameter([], "names", ("last_block", "all")), "[]", []),
        (Parameter(None, choices=("shipped", "none"), optional=True), "none", "none"),
        (Parameter(None, choices=("shipped", "none"), optional=True), "None", None),
        (Parameter({}, "files", ("VGG-16",), suffix=".weights.h5"), '{"VGG-16": "/a.weights.h5"}',
         {"VGG-16": "/a.weights.h5"}),
    ],
)  # fmt: skip
def test_text_is_read_as_the_parameter_s_type(spec, text, value):
    found = spec.read("name", text)
    assert found == value and type(found) is type(value)


def test_a_relative_path_means_the_same_to_the_kernel(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    spec = NOTEBOOKS["05_mobilenet_jaffe"]["weights"]
    assert spec.read("weights", "mine.weights.h5") == str(tmp_path / "mine.weights.h5")


def test_a_file_goes_by_its_name_and_its_content_wherever_it_lies(tmp_path):
    known = NOTEBOOKS["05_mobilenet_jaffe"]
    labels = []
    for place, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        path = tmp_path / place / "mine.weights.h5"
        path.parent.mkdir()
        path.write_bytes(content)
        labels.append(named(changed({"weights": str(path)}, known))["weights"])
    assert labels[0] == labels[1] != labels[2]
    assert all(re.fullmatch(r"mine\.weights\.h5-[0-9a-f]{8}", label) for label in labels)
    gone = {"VGG-16": str(tmp_path / "gone.weights.h5")}
    assert named({"weights": gone, "epochs": 3, "kinds": ["a/b", None]}) == {
        "weights": {"VGG-16": "gone.weights.h5"}, "epochs": 3, "kinds": ["a/b", None],
    }  # fmt: skip


def test_a_folder_s_name_is_short_and_plain():
    assert as_suffix({}) == ""
    assert as_suffix({"tune": ["all"], "epochs": 1}) == "+epochs=1+tune=_all_"
    assert re.fullmatch(r"\+[0-9a-f]{12}", as_suffix({"weights": "/" + "x" * 100}))
