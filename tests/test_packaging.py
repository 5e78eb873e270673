"""The three places that say what to install must say the same."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements() -> list[str]:
    found = project()
    return [*found["dependencies"], *(line for extra in found["optional-dependencies"].values() for line in extra)]


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return dict((normal(name), version) for name, version in (line.split("==") for line in lines))


def test_every_requirement_has_exactly_one_version():
    for line in requirements():
        name = normal(re.match(r"[A-Za-z0-9._-]+", line)[0])
        if name == "tensorflow":
            continue  # the same release as tensorflow-cpu, on machines that have no such wheel
        assert name in pins(), f"{name} has no version in constraints.txt"


def test_constraints_name_no_local_build_and_no_address():
    for name, version in pins().items():
        assert re.fullmatch(r"[0-9][0-9A-Za-z.]*", version), f"{name}=={version}"


def test_installed_versions_are_the_pinned_ones():
    from importlib.metadata import version

    needed = [*project()["dependencies"], *project()["optional-dependencies"]["test"]]
    for line in needed:
        name = normal(re.match(r"[A-Za-z0-9._-]+", line)[0])
        if ";" in line:
            continue
        assert version(name).split("+")[0] == pins()[name], name


def test_conda_installs_python_and_then_what_pip_would():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert conda == ["python=3.11", "pip"]
    assert pip == {"pip": ["-c constraints.txt", "-e .[test]"]}
    makefile = (ROOT / "Makefile").read_text()
    assert "-c constraints.txt -e '.[test]'" in makefile


@pytest.mark.parametrize(
    "folder", ["datasets/shipped/avatars", "datasets/shipped/london", "weights/mobilenetv2", "weights/opencv_ssd_res10"]
)
def test_shipped_files_have_licence_and_origin_beside_them(folder):
    here = ROOT / "fer_utils" / folder
    assert len((here / "LICENSE.txt").read_text()) > 1000
    text = (here / "README.md").read_text()
    assert "Licence" in text
    digests = set(re.findall(r"\b[0-9a-f]{64}\b", text))
    assert digests, "the README names no digest"


def test_nothing_private_is_in_the_tree():
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        assert not name.endswith((".pkl", ".pickle", ".joblib", ".pt", ".tiff", ".pgm")), name


def test_the_citation_is_of_this_version_and_names_all_five_papers():
    import fer_utils

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0" and citation["license"] == project()["license"]
    assert citation["version"] == fer_utils.__version__
    titles = [each["title"] for each in citation["references"]]
    notebooks = sorted((ROOT / "notebooks").glob("0[1-9]_*.ipynb"))
    assert len(titles) == len(notebooks)
    for title, notebook in zip(titles, notebooks, strict=True):
        assert title in notebook.read_text(encoding="utf-8"), title


def test_containers_make_the_environment_that_make_does():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    dockerfile = (ROOT / "Dockerfile").read_text()
    made = "make .venv/.ready"
    assert container["postCreateCommand"] == made and f"RUN {made}" in dockerfile
    # pip needs the version, which is read from the package, and what the Makefile's rule reads.
    before = dockerfile[: dockerfile.index(made)]
    for name in ("pyproject.toml", "constraints.txt", "Makefile", "README.md", "fer_utils/__init__.py"):
        assert name in before
    assert "python:3.11" in dockerfile and container["image"].endswith("python:3.11")
