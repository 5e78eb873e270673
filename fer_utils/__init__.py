"""Shared helpers of the notebooks that re-run five papers on facial expression recognition.

Data flows one way through the rooms::

    datasets -> preprocess -> splits -> a paper's room -> scores -> reproduce
"""

import sys

__version__ = "0.1.0"

if sys.platform == "win32":
    _WHY = (
        "fer_utils runs on Linux and macOS; on Windows, install WSL2 (`wsl --install`) and run it there, in the Linux "
        "that WSL2 gives you."
    )
    # `python -m fer_utils` shows people the sentence alone; its name is not settled yet when this line is reached.
    raise SystemExit(f"fer_utils: {_WHY}") if sys.argv[:1] == ["-m"] else ImportError(_WHY)
