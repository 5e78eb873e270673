"""A sixth paper is one folder, one line and one notebook: a toy is added to a copy of this checkout and run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import fer_utils

CHECKOUT = Path(fer_utils.__file__).parents[1]
LARGE = ("shipped", "weights")

ROOM = {
    "__init__.py": '''
"""Paper 6: a toy that doubles."""

from fer_utils.papers.headline import Control, Headline

HEADLINE = Headline("accuracy", ("toy/text/overall/all/accuracy",), Control("none", "nothing", {}))
''',
    "claims.csv": (
        "claim,paper,where,what,dataset,metric,unit,printed,value,relation,tolerance,ours,why\n"
        "toy/text/overall/all/accuracy,toy,text,The toy is right,london,accuracy,%,99,99,=,1,reproduce,\n"
    ),
    "settings.py": '''
"""The toy's one setting."""

from dataclasses import dataclass

from fer_utils.papers.parameters import common, of
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting


@dataclass(frozen=True)
class Settings(Base):
    times: int = setting(2, "Section 1", least=1, most=9)


PROFILES = {"smoke": Settings(times=1), "quick": Settings(), "evening": Settings(), "paper": Settings()}
PARAMETERS = {**common("london", [0]), "times": of(Settings, "times")}
''',
    "protocol.py": '''
"""The toy's one unit."""

import numpy as np


def answer(*, labels, times):
    return {"predicted": np.asarray(labels) * times // times}
''',
    "study.py": '''
"""The toy's experiment."""

import numpy as np

from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.answers import Answers
from fer_utils.papers.finding import Leak
from fer_utils.papers.study import Study as Base
from fer_utils.papers.toy.protocol import answer
from fer_utils.splits import leave_one_subject_out


class Study(Base):
    def answers(self):
        (given,) = self.mapper(answer, [{"labels": self.faces.labels, "times": self.settings.times}], "answering")
        faces = self.faces
        return Answers(faces.labels, np.asarray(given["predicted"])[None], faces.subjects, len(faces.classes))

    def audit(self, protocol):
        call = {"faces": self.faces, "folds": leave_one_subject_out(self.faces.subjects)}
        return Leak({"": LeakReport(**self.mapper(audit_faces, [call], "leak audit")[0])})
''',
    "claims.py": '''
"""The toy's one number."""

from fer_utils.papers.finding import Finding


def findings(study, protocol):
    found = study.answers()
    leak = study.audit(protocol)
    yield Finding("toy/text/overall/all/accuracy", found.accuracy(), protocol, leak, 100 * found.chance, 100)
''',
    "estimate.py": '''
"""The toy's cost."""

import numpy as np

from fer_utils import data
from fer_utils.papers.planning import LEAK_AUDIT, Kind
from fer_utils.papers.study import of_profile
from fer_utils.papers.toy.protocol import answer
from fer_utils.papers.toy.settings import PROFILES
from fer_utils.papers.toy.study import Study


def ask(parameters, mapper):
    settings = of_profile(PROFILES, parameters["profile"]).with_knobs(parameters)
    study = Study(data.load(parameters["dataset"]), settings, parameters["seeds"], mapper)
    study.answers()
    study.audit("sound")


def zeros(call):
    return {"predicted": np.zeros(len(call["labels"]), int)}


def few(call):
    return {**call, "labels": call["labels"][:5]}


KINDS = (LEAK_AUDIT, Kind(answer, "toy answers", lambda call: len(call["labels"]), zeros, few))
''',
}
LINE = '    Paper("06_toy", "A toy that doubles", ("london",)),\n'
CELLS = [
    'dataset = "london"\nprofile = "quick"\nprotocol = "both"\nseeds = [0]\ndevice = "auto"\ntimes = None',
    """
from fer_utils import data
from fer_utils.papers.study import of_profile, wanted
from fer_utils.papers.toy import claims
from fer_utils.papers.toy.settings import PROFILES
from fer_utils.papers.toy.study import Study
from fer_utils.reproduce.knobs import in_force
from fer_utils.reproduce.run import Run

changed = in_force("06_toy", globals())
faces = data.load(dataset)
run = Run("06_toy", profile, faces, seeds, device, changed)
study = Study(faces, of_profile(PROFILES, profile).with_knobs(changed), seeds, run.map)
""",
    "for name in wanted(protocol):\n    run.claim(*claims.findings(study, name))\nrun.finish()",
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the toy in it; pictures and weights are links."""
    copy = tmp_path_factory.mktemp("checkout")
    package = copy / "fer_utils"
    shutil.copytree(CHECKOUT / "fer_utils", package, ignore=shutil.ignore_patterns(*LARGE, "__pycache__"))
    for place in ("datasets/shipped", "weights"):
        (package / place).symlink_to(CHECKOUT / "fer_utils" / place)
    shutil.copy(CHECKOUT / "pyproject.toml", copy)
    room = package / "papers" / "toy"
    room.mkdir()
    for name, text in ROOM.items():
        (room / name).write_text(text.lstrip("\n"), "utf-8")
    registry = package / "papers" / "registry.py"
    text = registry.read_text("utf-8")
    registry.write_text(
        text.replace(')\n"""In the order of their notebooks."""', LINE + ')\n"""In the order."""'), "utf-8"
    )
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    (copy / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), copy / "notebooks" / "06_toy.ipynb")
    return copy


def command(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "FER_CACHE": str(checkout / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "fer_utils", "reproduce", "06", *arguments],
        cwd=checkout, env=environment, capture_output=True, text=True,
    )  # fmt: skip


def test_it_is_run_signed_and_judged(checkout: Path) -> None:
    done = command(checkout, "--profile", "quick", "--results", str(checkout / "mine"), "-p", "times=3")
    assert done.returncode == 0, done.stderr
    numbers = json.loads((checkout / "mine/06_toy/london-quick+times=3/numbers.json").read_text())
    assert [(number["claim"], number["protocol"], number["value"]) for number in numbers] == [
        ("toy/text/overall/all/accuracy", "published", 100.0),
        ("toy/text/overall/all/accuracy", "sound", 100.0),
    ]
    assert "A toy that doubles" in (checkout / "mine" / "index.html").read_text()


def test_its_parameters_are_checked_and_its_units_planned(checkout: Path) -> None:
    refused = command(checkout, "-p", "times=10", "--dry-run")
    assert refused.returncode == 2 and "times must be a whole number from 1 to 9, or None" in refused.stderr
    planned = command(checkout, "--profile", "smoke", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "06_toy london\n" in planned.stdout
    assert "toy answers" in planned.stdout and "leak audit" in planned.stdout
    assert re.search(r"in all about .* GB of memory .* GB on disk", planned.stdout)
    assert not (checkout / "results").exists()
