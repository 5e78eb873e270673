"""Units for the tests of the desk: they count how often they really run."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from fer_utils.devices import import_keras, one_core, seed_everything


def square(*, number: int, log: str) -> dict:
    """The square of a number; a line in ``log`` says that it was computed."""
    with Path(log).open("a") as stream:
        stream.write(f"{number}\n")
    return {"square": np.array([number**2]), "number": number}


@one_core
def square_on_one_core(*, number: int, log: str) -> dict:
    """:func:`square`, marked as computing on one core."""
    return square(number=number, log=log)


@one_core
def sleep(*, number: int, pids: str, pictures: np.ndarray) -> dict:
    """Say in the folder ``pids`` which process this is, and sleep much longer than any test."""
    (Path(pids) / f"unit {number}").write_text(str(os.getpid()))
    time.sleep(600)
    return {"number": number}


def square_or_die(*, number: int, log: str, trap: str) -> dict:
    """Like :func:`square`; the first time 2 is asked for, this process is killed."""
    if number == 2 and not Path(trap).exists():
        Path(trap).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number=number, log=log)


def seeded(*, seed: int) -> dict:
    """Seed Keras on torch, then import TensorFlow as a careless library might."""
    import_keras("torch")
    seed_everything(seed)
    import tensorflow

    return {"imported": hasattr(tensorflow, "random")}
