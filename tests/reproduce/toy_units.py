"""Units for the tests of the desk: they count how often they really run."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from fer_utils.devices import import_keras, one_core, seed_everything
from fer_utils.errors import FerError


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


def square_or_die(*, number: int, log: str, trap: str, pictures: np.ndarray | None = None) -> dict:
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


def sums(*, number: int, within: dict) -> dict:
    """The sum of all arrays in ``within`` and of a number, and which process added them."""
    return {"sum": sum(int(array.sum()) for array in within.values()) + number, "process": os.getpid()}


def dies(*, number: int) -> dict:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {"number": number}


def which_keras(*, fails: bool) -> dict:
    """On which backend Keras would compute in the process that runs this."""
    if fails:
        raise FerError("no such backend")
    return {"backend": os.environ.get("KERAS_BACKEND", ""), "process": os.getpid()}
