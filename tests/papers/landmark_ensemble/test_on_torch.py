"""The tests that train stacks, on torch, where Keras already runs on TensorFlow in this process."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_utils.papers.landmark_ensemble import model

TRAINING = ("test_trainer.py", "test_protocol.py")


@pytest.mark.skipif(model.keras.backend.backend() == "torch", reason="they train on torch in this process")
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_stacks_train_on_torch() -> None:
    folder = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", *(str(folder / name) for name in TRAINING)]
    done = subprocess.run(
        command, cwd=folder.parents[1], env={**os.environ, "KERAS_BACKEND": "torch"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
