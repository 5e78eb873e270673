"""What notebook 03 would compute: its kinds of unit, and which of them it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fer_utils import data
from fer_utils.papers.landmark_ensemble import complexity, pipeline
from fer_utils.papers.landmark_ensemble import protocol as rules
from fer_utils.papers.landmark_ensemble.checks import landmark_check, photographs, turned_heads
from fer_utils.papers.landmark_ensemble.learnt import learning_curves
from fer_utils.papers.landmark_ensemble.points import N_POINTS, outputs_of
from fer_utils.papers.landmark_ensemble.protocol import Task, parts_of
from fer_utils.papers.landmark_ensemble.schedule import rates_of
from fer_utils.papers.landmark_ensemble.settings import MEMBERS, TRANSFERRED, Settings, settings_for, wild_set
from fer_utils.papers.landmark_ensemble.study import Study, train_all
from fer_utils.papers.planning import LEAK_AUDIT, Call, Kind, Piece
from fer_utils.papers.study import Mapper, wanted
from fer_utils.splits import Fold

BUILDING = 4e9
"""What it takes to build and compile a stack's networks, in operations that training does in the same time."""
STEP = 2e8
"""The fixed cost of one training step, in operations."""
CARD_SHARE = 0.02
"""Grouped convolutions in single precision reach 20 of an H200's 989 teraflops. Measured at the paper's size with five
networks side by side: 15.66 ms a step (``results/benchmarks_gpu.json``)."""
PROBE_OPERATIONS = 2e9
"""About as much as one step of a probe may compute."""


def ask(parameters: Mapping[str, Any], mapper: Mapper) -> None:
    """Ask for every unit that the notebook asks for.

    Args:
        parameters: the notebook's, all of them.
        mapper: answers with results of the right shapes.
    """
    settings = settings_for(parameters["profile"], parameters["dataset"]).with_knobs(parameters)
    protocols, seeds, detector = wanted(parameters["protocol"]), parameters["seeds"], parameters["detector"]
    faces = data.load(parameters["dataset"])
    study = Study(faces, settings, seeds, mapper, detector)
    checked = {faces.name: study.prepared[0], "london": study.prepare(photographs(parameters["profile"]))}
    landmark_check(checked, mapper)
    if parameters["turned"]:
        study.prepare(turned_heads(parameters["turned"]))
    for protocol in protocols:
        study.audit(protocol)
    learning_curves(study, protocols[-1])
    other, studies = wild_set(parameters["wild"], parameters["dataset"], parameters["profile"]), [study]
    if other:
        elsewhere = settings_for(parameters["profile"], other).with_knobs(parameters)
        studies.append(Study(data.load(other), elsewhere, seeds, mapper, detector, tested=[faces]))
    train_all(studies, protocols)
    for each in studies[1:]:
        for protocol in protocols:
            each.audit(protocol)


def _prepared(call: Call) -> dict[str, Any]:
    n, size = len(call["faces"]), call["landmark_size"]
    return {
        "crops": np.zeros((n, size, size), np.uint8), "points": np.zeros((n, N_POINTS, 2), np.float32),
        "squares": np.zeros((n, 3), np.int64), "found": np.zeros(n, np.int64),
        "enlarged_size": np.array(call["detector_size"]),
    }  # fmt: skip


def _variants(call: Call) -> dict[str, Any]:
    n, size = len(call["crops"]) * call["augmentation"].variants, call["crops"].shape[1]
    return {"images": np.zeros((n, size, size), np.uint8), "points": np.zeros((n, N_POINTS, 2), np.float32)}


def _some_faces(call: Call, most: int = 16) -> dict[str, Any]:
    return {**call, "faces": call["faces"].select(np.arange(min(most, len(call["faces"]))))}


def _some_crops(call: Call, most: int = 64) -> dict[str, Any]:
    crops = call["crops"][:most]
    # No two points at one place: distances are divided by the face's height.
    points = np.tile(np.linspace(0, crops.shape[1] - 1, N_POINTS, dtype=np.float32)[:, None], (len(crops), 1, 2))
    return {**call, "crops": crops, "points": points}


def _few_crops(call: Call, most: int = 64) -> dict[str, Any]:
    return {**call, "crops": call["crops"][:most]}


# -- training -------------------------------------------------------------------------------------


def _operations(settings: Settings, n_classes: int) -> float:
    """Of one picture that passes forward through one network."""
    table = complexity.layers(settings.image_size, settings.filters, settings.hidden, n_classes)
    return float(table["flops"].sum())


def _evaluations(call: Call) -> int:
    settings, kind = call["settings"], call["kind"]
    epochs = len(rates_of(kind, settings, call["batches"]).rest) // call["batches"]
    return -(-epochs // settings.check_every) + (kind in TRANSFERRED)


def train_work(call: Call) -> float:
    """Operations of a call of ``protocol.train``, fixed costs of building and of each step included."""
    settings, tasks = call["settings"], call["tasks"]
    picture = _operations(settings, call["n_classes"])
    networks = MEMBERS * len(tasks)
    stacks = -(-networks // call["together"])
    rates, transferred = rates_of(call["kind"], settings, call["batches"]), call["kind"] in TRANSFERRED
    steps = len(rates.landmarks) + len(rates.rest)
    # The way back costs twice the way forward.
    work = networks * steps * settings.batch_size * 3 * picture
    # The frozen extractor sees a picture in each of its variants once.
    drawn = len(rates.head) * settings.batch_size
    distinct = min(drawn, max(len(task.fold.train) for task in tasks) * settings.augmentation.variants)
    work += networks * distinct * picture
    # Landmarks are read before and after tuning.
    tested = max(len(task.fold.test) for task in tasks)
    aside = max(len(task.aside) for task in tasks)
    work += networks * picture * (_evaluations(call) * (tested + aside) + 2 * transferred * tested)
    return float(work + stacks * (BUILDING + STEP * (steps + len(rates.head))))


def curve_work(call: Call) -> float:
    """Operations of a call of ``protocol.learning_curve``: one network through all stages."""
    settings = call["settings"]
    steps = sum(map(len, rates_of("ftl", settings, call["batches"])))
    return BUILDING + steps * (STEP + settings.batch_size * 3 * _operations(settings, call["n_classes"]))


def curve_result(call: Call) -> dict[str, Any]:
    """Zeros in the shapes of what ``protocol.learning_curve`` returns."""
    rates = rates_of("ftl", call["settings"], call["batches"])
    return {"landmarks": np.zeros(len(rates.landmarks)), "expressions": np.zeros(len(rates.head) + len(rates.rest))}


def curve_probe(call: Call) -> dict[str, Any]:
    """The same network, an epoch of few batches a stage."""
    settings = call["settings"].but(landmark_epochs=1, head_epochs=1, tune_epochs=1)
    step = settings.batch_size * 3 * _operations(settings, call["n_classes"])
    return {**call, "settings": settings, "batches": int(np.clip(PROBE_OPERATIONS / step, 1, call["batches"]))}


def train_result(call: Call) -> dict[str, Any]:
    """Zeros in the shapes of what ``protocol.train`` returns."""
    settings, tasks, looks = call["settings"], call["tasks"], _evaluations(call)
    tested = max(len(task.fold.test) for task in tasks)
    result = {
        "scores": np.zeros((looks, len(tasks), MEMBERS, tested, call["n_classes"]), np.float32),
        "aside": np.zeros((looks, len(tasks), MEMBERS), np.float32),
        "epochs": np.zeros(looks, np.int64),
    }
    if call["kind"] in TRANSFERRED:
        outputs = max(outputs_of(part) for part in parts_of(call["kind"]) if part)
        for name in ("before", "after"):
            result[name] = np.zeros((len(tasks), MEMBERS, tested, outputs), np.float32)
        result["seen"] = np.zeros((len(tasks), MEMBERS), np.float32)
    body: list[tuple[int, ...]] = []
    channels = 3
    for width in np.repeat(settings.filters, 2).tolist():
        body += [(3, 3, channels, width), *[(width,)] * 5]
        channels = width
    top: list[tuple[int, ...]] = []
    for width in (settings.hidden, settings.hidden, call["n_classes"]):
        top += [(channels, width), (width,)]
        channels = width
    for name, shapes in (("body", body), ("top", top)):
        result |= {f"{name}_{i}": np.zeros((MEMBERS, *shape), np.float32) for i, shape in enumerate(shapes)}
    return result


def train_probe(call: Call) -> dict[str, Any]:
    """The same networks in one fold, some epochs of a few batches; smaller batches where pictures are large."""
    settings, (task, *_) = call["settings"], call["tasks"]
    step = 3 * MEMBERS * _operations(settings, call["n_classes"])
    batch = int(np.clip(PROBE_OPERATIONS / step, 2, settings.batch_size))
    batches = int(np.clip(PROBE_OPERATIONS / (step * batch), 1, call["batches"]))
    small = settings.but(
        batch_size=batch, landmark_epochs=2, head_epochs=1, tune_epochs=2, baseline_epochs=4, check_every=2
    )
    few = Fold(task.fold.name, task.fold.train, task.fold.test[: 2 * batch])
    tasks = [Task(few, task.aside[: 2 * batch], task.seed)]
    return {**call, "tasks": tasks, "settings": small, "batches": batches}


def train_rehearsal(call: Call) -> dict[str, Any]:
    """As many networks side by side as the run has, full batches, one of them an epoch and an epoch a stage."""
    settings = call["settings"].but(
        landmark_epochs=1, head_epochs=1, tune_epochs=1, baseline_epochs=2, check_every=1
    )  # fmt: skip
    few, tasks = settings.batch_size, []
    for task in call["tasks"][: max(1, call["together"] // MEMBERS)]:
        fold = Fold(task.fold.name, task.fold.train, task.fold.test[:few])
        tasks.append(Task(fold, task.aside[:few], task.seed))
    return {**call, "tasks": tasks, "settings": settings, "batches": 1}


def train_pieces(call: Call) -> list[Piece]:
    """A step in which whole networks learn.

    One network is counted, and taken as often as networks train side by side. A processor trains them one by one; a
    card at least the five of an ensemble side by side.
    """
    # Keras is imported with it.
    from fer_utils.papers.landmark_ensemble.trainer import Member, Stack

    settings, networks = call["settings"], MEMBERS * len(call["tasks"])
    side, together = settings.image_size, min(max(call["together"], MEMBERS), networks)
    faces = settings.augmentation.variants
    images, points = np.zeros((faces, side, side), np.uint8), np.zeros((faces, N_POINTS, 2), np.float32)
    one, labels = Member(None, np.zeros(1, np.int64), 0), np.zeros(faces, np.int64)
    stack = Stack([one], images, points, labels, call["n_classes"], settings, 1, 1, "meta")
    stack.new_classifier()
    stack.start_tuning("batch")
    rows, parts = stack._next(1), [stack.body, stack.classifier]

    def step() -> None:
        stack._learn(
            parts, rows, [settings.baseline_rate],
            lambda some: stack._cross_entropy(stack._given(some, stack.classifier), some), stack._optimiser,
        )  # fmt: skip

    rates = rates_of(call["kind"], settings, call["batches"])
    return [Piece(step, (len(rates.landmarks) + len(rates.rest)) * networks / together, larger=together)]


def train_memory(call: Call) -> float:
    """Bytes of a stack's feature maps in training: after convolution, norm and ReLU, and their gradients."""
    settings, side, values = call["settings"], call["settings"].image_size, 0
    for width in settings.filters:
        values += 2 * width * side**2
        side = -(-side // 2)
    networks = min(call["together"], MEMBERS * len(call["tasks"]))
    return float(4 * 6 * values * settings.batch_size * networks)


KINDS = (
    Kind(
        pipeline.prepare, "faces and landmarks", lambda call: float(len(call["faces"])), _prepared, _some_faces,
        lambda call: 2.0 * len(call["faces"]) * call["detector_size"] ** 2,
    ),
    Kind(
        pipeline.mirror_gap, "landmarks in the mirror", lambda call: float(len(call["crops"])),
        lambda call: {"gap": np.zeros(len(call["crops"]))}, _few_crops,
    ),
    LEAK_AUDIT,
    Kind(
        rules.draw, "augmentation", lambda call: float(len(call["crops"]) * call["augmentation"].variants),
        _variants, _some_crops,
    ),
    Kind(rules.learning_curve, "learning curves", curve_work, curve_result, curve_probe),
    Kind(
        rules.train, "training", train_work, train_result, train_probe, train_memory, train_rehearsal,
        variant=lambda call: str(call["kind"]), captured=True, pieces=train_pieces,
        share=CARD_SHARE,
    ),
)  # fmt: skip
"""Every unit function that the notebook maps."""
