"""The experiments of the paper on one data set, and the units that compute them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.errors import FerError, check_choice
from fer_utils.faces import FaceSet
from fer_utils.leak_audit import LeakReport, audit_faces
from fer_utils.papers.clifer import people, retention, void
from fer_utils.papers.clifer import protocol as steps
from fer_utils.papers.clifer.gdm import MEMORIES
from fer_utils.papers.clifer.imagination import CONDITIONS
from fer_utils.papers.clifer.imagined import Imagination
from fer_utils.papers.clifer.protocol import (
    BASELINES,
    FINAL_ORDER,
    FIRST_CLASS_ORDERS,
    MEMORY_CONDITIONS,
    NEUTRAL_ORDERS,
    ORACLE,
    TEST_CONDITIONS,
    orders_of,
)
from fer_utils.papers.clifer.settings import Settings
from fer_utils.papers.finding import Leak
from fer_utils.papers.study import PROTOCOLS, Mapper
from fer_utils.papers.study import Study as Base
from fer_utils.splits import Fold


class Study(Base[Settings]):
    """One data set, both protocols.

    Args:
        faces: all faces; those of the paper's classes are used.
        settings: sizes, memories, orders.
        seeds: the first one is used, for the imagination model, the folds of people and the memories' first neurons.
        mapper: runs or fetches units; ``Run.map`` in a notebook.
    """

    def __init__(self, faces: FaceSet, settings: Settings, seeds: Sequence[int], mapper: Mapper) -> None:
        super().__init__(steps.study_faces(faces, settings), settings, seeds, mapper)
        self.raw, self.seed = faces, seeds[0]
        self.people = [str(person) for person in np.unique(self.faces.subjects)]
        self.imagination_people = people.who_trains(self.faces, settings)
        self._models: dict[str, list[dict[str, np.ndarray]]] = {}
        self._answers: dict[str, list[dict[str, Any]]] = {}

    @cached_property
    def orders(self) -> list[list[int]]:
        """Class orders as labels: the final one first, then those of :attr:`compared` and of :attr:`neutral_first`."""
        names = [list(name for name in FINAL_ORDER if name in self.faces.classes)]
        if self.settings.order_study:
            present = self.faces.classes
            for order in [*orders_of(present, FIRST_CLASS_ORDERS), *orders_of(present, NEUTRAL_ORDERS)]:
                if order not in names:
                    names.append(order)
        return [[self.faces.classes.index(name) for name in order] for order in names]

    @property
    def compared(self) -> list[int]:
        """Numbers of the orders of Table I, one starting with each class."""
        return self._numbers(FIRST_CLASS_ORDERS)

    @property
    def neutral_first(self) -> list[int]:
        """Numbers of the orders that start with neutral in V-D.2."""
        return self._numbers(NEUTRAL_ORDERS)

    @property
    def starts_neutral(self) -> list[int]:
        """Those of :attr:`compared` that start with neutral."""
        neutral = self.faces.classes.index("neutral")
        return [number for number in self.compared if self.orders[number][0] == neutral]

    def _numbers(self, orders: Sequence[Sequence[str]]) -> list[int]:
        wanted = [[self.faces.classes.index(name) for name in order] for order in orders_of(self.faces.classes, orders)]
        return sorted({self.orders.index(order) for order in wanted if order in self.orders})

    @cached_property
    def other_sets(self) -> list[FaceSet]:
        """Faces of people who are not tested, a set each; none where the imagination model learns from the tested."""
        return people.other_people(self.faces, self.settings) if self.imagination_people == "others" else []

    @cached_property
    def pool(self) -> FaceSet:
        """All faces that an imagination model may learn from: the tested, and behind them the others."""
        return people.joined(self.faces, self.other_sets) if self.other_sets else self.faces

    @cached_property
    def people_folds(self) -> list[Fold]:
        """``sound``, where only the tested can train: who trains each imagination model, and whom it then imagines."""
        return steps.people_folds(self.faces, self.settings.people_folds, self.seed)

    def possible(self, wanted: Sequence[str]) -> tuple[list[str], str]:
        """Those of some protocols that the data allow, and why one is left out; ``""`` if none is.

        ``sound`` needs two clips of every class from everybody, which few people of MMI show.

        Raises:
            FerError: none is left.
        """
        allowed, why = [], ""
        for protocol in wanted:
            try:
                for person in self.people:
                    steps.folds_of(self.faces, person, protocol)
                allowed.append(protocol)
            except FerError as error:
                why = str(error)
        if not allowed:
            raise FerError(why)
        return allowed, why

    def training_rows(self, protocol: str) -> list[np.ndarray]:
        """The faces that each imagination model is trained on, as row numbers of :attr:`pool`."""
        check_choice("protocol", protocol, PROTOCOLS)
        if protocol == "published":
            return [np.arange(len(self.pool))]
        if self.other_sets:
            return [np.arange(len(self.faces), len(self.pool))]
        return [fold.train for fold in self.people_folds]

    def models(self, protocol: str) -> list[dict[str, np.ndarray]]:
        """The trained imagination models, weights and history: one for everybody, or one a fold of people."""
        if protocol not in self._models:
            self.train([protocol])
        return self._models[protocol]

    def lend(self, models: Mapping[str, list[dict[str, np.ndarray]]]) -> None:
        """Use imagination models that are trained already, by protocol: as :meth:`train` would have given them."""
        self._models |= models

    def train(self, protocols: Sequence[str]) -> None:
        """Train the imagination models of some protocols, side by side where there are cores, if none were lent."""
        rows = {protocol: self.training_rows(protocol) for protocol in protocols if protocol not in self._models}
        if not rows:
            return
        shared = {"faces": self.pool, "settings": self.settings.imagination, "seed": self.seed}
        calls = [{**shared, "rows": some} for parts in rows.values() for some in parts]
        found = iter(self.mapper(steps.train_imagination, calls, f"imagination, {', '.join(protocols)}"))
        self._models |= {protocol: [next(found) for _ in parts] for protocol, parts in rows.items()}

    def audit(self, protocol: str) -> Leak:
        """What the frames that are asked about share with training: the memories', and the imagination model's."""
        of_memories = {p: steps.folds_of(self.faces, p, protocol) for p in self.people}
        rows = self.training_rows(protocol)
        of_models = [
            Fold(fold.name, rows[self.model_of(person, protocol)], fold.test)
            for person, folds in of_memories.items()
            for fold in folds
        ]
        parts = {"memories": [fold for folds in of_memories.values() for fold in folds], "imagination": of_models}
        calls = [{"faces": self.pool, "folds": folds} for folds in parts.values()]
        reports = self.mapper(audit_faces, calls, f"leak audit, {protocol}")
        told = {part: LeakReport(**one) for part, one in zip(parts, reports, strict=True)}
        if not self.other_sets:
            return Leak(told)
        strangers = sum(len(np.unique(one.subjects)) for one in self.other_sets)
        names = " and ".join(one.name for one in self.other_sets)
        with_them = ", and the tested" if protocol == "published" else ", none of them tested"
        return Leak(told, f"imagination trained on {strangers} people of {names}{with_them}")

    def model_of(self, person: str, protocol: str) -> int:
        """Which of :meth:`models` a person's faces are encoded with."""
        if protocol == "published" or self.other_sets:
            return 0
        folds = enumerate(self.people_folds)
        return next(number for number, fold in folds if person in set(self.faces.subjects[fold.test]))

    def imagination(self, person: str, protocol: str) -> Imagination:
        """The imagination model for one person."""
        weights = steps.weights_of(self.models(protocol)[self.model_of(person, protocol)])
        return Imagination(self.settings.imagination, weights)

    def rebuilt(self, protocol: str, faces: FaceSet) -> np.ndarray:
        """Some of the study's faces, drawn again from their own codes with their own expressions.

        Returns:
            ``uint8 [N, S, S, 3]``.
        """
        drawn = np.zeros_like(faces.images)
        for person in np.unique(faces.subjects):
            model = self.imagination(person, protocol)
            for row in np.flatnonzero(faces.subjects == person):
                shown = CONDITIONS.index(faces.classes[faces.labels[row]])
                drawn[row] = model.pictures(model.encode(faces.images[[row]]), [shown])[0, 0]
        return drawn

    def codes(self, protocol: str) -> list[np.ndarray]:
        """Codes of all faces under each of :meth:`models`, ``float64 [N, 50]``.

        Raises:
            FerError: they hardly vary, in a run that is for reading.
        """
        models = self.models(protocol)
        calls = [
            {"faces": self.faces, "settings": self.settings.imagination, "weights": steps.weights_of(model)}
            for model in models
        ]
        codes = [found["codes"] for found in self.mapper(steps.encode, calls, f"codes, {protocol}")]
        if self.settings.for_reading:
            for number, (some, model) in enumerate(zip(codes, models, strict=True)):
                void.check_codes(some, model, f"{self.faces.name}, {protocol}, imagination model {number}")
        return codes

    def answers(self, protocol: str) -> list[dict[str, Any]]:
        """Every person and fold under every condition: ``person fold condition predicted sizes truth``.

        One unit a person, fold and condition; all orders are in it where Table I has the condition, else the final one.

        Raises:
            FerError: codes hardly vary, or a memory has learnt nothing, in a run that is for reading.
        """
        if protocol not in self._answers:
            answers = self._learnt(protocol, TEST_CONDITIONS, self.settings, "memories")
            if self.settings.for_reading:
                void.check_memories(answers, f"{self.faces.name}, {protocol}")
            self._answers[protocol] = answers
        return self._answers[protocol]

    def ageless(self, protocol: str) -> list[dict[str, Any]]:
        """As :meth:`answers`, of memories whose edges never grow too old: what they forget they overwrite.

        Only conditions with memories, only the final order.
        """
        memory = self.settings.memory
        never = {name: getattr(memory, name).but(max_age=None) for name in ("episodic", "semantic")}
        chosen = self.settings.but(memory=memory.but(**never))
        return self._learnt(protocol, (*MEMORY_CONDITIONS, ORACLE), chosen, "ageless memories", final=True)

    def _learnt(
        self, protocol: str, conditions: Sequence[str], settings: Settings, stage: str, final: bool = False
    ) -> list[dict[str, Any]]:
        models, codes = self.models(protocol), self.codes(protocol)
        # Where models came from is nothing to a memory: its unit is the same.
        settings = settings.but(networks="train")
        meanings = [CONDITIONS.index(name) for name in self.faces.classes]
        calls, told = [], []
        for person in self.people:
            number = self.model_of(person, protocol)
            for fold in steps.folds_of(self.faces, person, protocol):
                rows = np.unique(np.concatenate([fold.train, fold.test]))
                place = {row: at for at, row in enumerate(rows)}
                for condition in conditions:
                    clifer = condition == "CLIFER"
                    calls.append({
                        "codes": codes[number][rows],
                        "labels": self.faces.labels[rows],
                        "train": np.array([place[row] for row in fold.train]),
                        "test": np.array([place[row] for row in fold.test]),
                        "orders": self.orders if condition in MEMORY_CONDITIONS and not final else self.orders[:1],
                        "condition": condition,
                        "settings": settings,
                        "seed": self.seed,
                        "weights": steps.weights_of(models[number]) if clifer else None,
                        "meanings": meanings if clifer else None,
                    })  # fmt: skip
                    truth = self.faces.labels[fold.test]
                    told.append({"person": person, "fold": fold.name, "condition": condition, "truth": truth})
        found = self.mapper(steps.learn_person, calls, f"{stage}, {protocol}")
        return [{**about, **result} for about, result in zip(told, found, strict=True)]

    def scores(self, protocol: str) -> pd.DataFrame:
        """F1 of every answer set: a row a person, fold, condition, order, step, memory and experiment."""
        rows = []
        for found in self.answers(protocol):
            about = {name: found[name] for name in ("person", "fold", "condition")}
            orders = self.orders[: len(found["predicted"])]
            curves = retention.curves_of(found["predicted"], found["truth"], orders, len(self.faces.classes))
            rows += [{**about, **row} for row in curves]
        return pd.DataFrame(rows)

    def forgetting(self, protocol: str, order: int = 0, memory: int = 0) -> dict[str, np.ndarray]:
        """Share of each class recalled after each step, mean over people: ``float64 [classes, steps]`` a condition."""
        return self._recalls(self.answers(protocol), order, memory)

    def account(self, protocol: str) -> pd.DataFrame:
        """What becomes of a class: learnt, kept, and lost by overwriting or by age, in the final order.

        Returns:
            Columns ``condition memory just learnt at the end lost of it overwritten of it aged``: shares of a class's
            test frames, mean over classes and people. ``lost`` is the difference of the first two, what is
            ``overwritten`` is lost also where no edge grows too old, and the rest is ``aged``: below 0 where age does
            a memory good. Conditions without memories have none to age.
        """
        rows, ageless = [], self.ageless(protocol)
        for memory, name in enumerate(MEMORIES):
            never = self._recalls(ageless, 0, memory)
            for condition, recall in self.forgetting(protocol, 0, memory).items():
                if memory and condition in BASELINES:
                    continue
                learnt, lost = np.diag(recall).mean(), retention.lost(recall)
                row: dict[str, Any] = {"condition": condition, "memory": "" if condition in BASELINES else name}
                row |= {"just learnt": learnt, "at the end": learnt - lost, "lost": lost}
                if condition in never:
                    overwritten = retention.lost(never[condition])
                    row |= {"of it overwritten": overwritten, "of it aged": lost - overwritten}
                rows.append(row)
        return pd.DataFrame(rows)

    def _recalls(self, answers: Sequence[Mapping[str, Any]], order: int, memory: int) -> dict[str, np.ndarray]:
        told: dict[str, list[np.ndarray]] = {}
        for found in answers:
            recall = retention.forgetting(found["predicted"][order], found["truth"], self.orders[order], memory)
            told.setdefault(found["condition"], []).append(recall)
        return {condition: np.mean(recalls, axis=0) for condition, recalls in told.items()}
