"""Who trains the imagination model: the tested people, or others.

The paper trains it on iCV-MEFED and RAVDESS, and tests the memories on RAVDESS, MMI and BAUM-1: on other people, and on
RAVDESS' own actors too. The avatars' clips have ten people only, so others come from other shoots of avatars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fer_utils import data
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer.protocol import cropped
from fer_utils.papers.clifer.settings import Settings

OTHER_SETS = ("avatars_studio", "avatars_crowd")
SHOOT = "avatars_"
"""How the sets' names begin in which everybody is called by one name, in all sets: there people can be told apart."""

COLUMNS = ("label", "subject", "source", "sequence", "frame")
"""What is known of the tested faces and of others alike; a picture that is in no clip has no sequence."""


def who_trains(faces: FaceSet, settings: Settings) -> str:
    """``"tested"`` or ``"others"``: the setting; where it leaves that open, others wherever the tested are avatars."""
    return settings.imagination_people or ("others" if faces.name.startswith(SHOOT) else "tested")


def other_people(faces: FaceSet, settings: Settings) -> list[FaceSet]:
    """Faces of avatars who are not tested, a set a shoot: of the same classes, cut alike.

    Args:
        faces: the tested, as :func:`~fer_utils.papers.clifer.protocol.study_faces` gives them.
        settings: how faces are cut, and of how many people (``others``).

    Raises:
        FerError: the tested are a stand-in's, whom avatars play under other names, or all avatars are tested.
    """
    if faces.stand_in and not faces.name.startswith(SHOOT):
        raise FerError(
            f"{faces.name} is a stand-in, played by avatars under other names: nobody can say which of the avatars in "
            f'{", ".join(OTHER_SETS)} are other people. Set imagination_people="tested"'
        )
    found = []
    for name in OTHER_SETS:
        every = data.load(name)
        apart = every.subjects[~np.isin(every.subjects, faces.subjects)]
        chosen = np.unique(apart)[: settings.others]
        rows = np.isin(every.subjects, chosen) & every.table["label"].isin(faces.classes).to_numpy()
        if rows.any():
            found.append(replace(cropped(every.select(rows), settings), classes=faces.classes))
    if not found:
        raise FerError(f"{', '.join(OTHER_SETS)} have nobody beside the people of {faces.name} who shows its classes")
    return found


def joined(faces: FaceSet, others: Sequence[FaceSet]) -> FaceSet:
    """The tested faces with the others behind them, so that a row of ``faces`` keeps its number.

    Args:
        faces: the tested.
        others: of the same size and classes.

    Raises:
        FerError: somebody is in two of the sets.
    """
    sets = [faces, *others]
    names = [name for one in sets for name in np.unique(one.subjects)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FerError(f"{', '.join(twice)} would train the imagination model and be tested, or stand in two sets")
    known = [name for name in COLUMNS if any(name in one.table for one in sets)]
    table = pd.concat([one.table.reindex(columns=known) for one in sets], ignore_index=True)
    return replace(faces, images=np.concatenate([one.images for one in sets]), table=table)
