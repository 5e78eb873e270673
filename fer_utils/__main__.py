"""``python -m fer_utils``: the command line, or one sentence on which Python to use.

Python 3.6 must be able to read this file, because that sentence is for whoever starts it with the wrong one.
"""

import sys

OURS = (
    "Use the project's own environment: run `.venv/bin/python -m fer_utils` in the repository, or first "
    "`source .venv/bin/activate`. `make test` and `make lab` create it."
)


def start() -> int:
    """Run the command line; gives the exit code."""
    found = f"this Python is {sys.executable} ({sys.version_info[0]}.{sys.version_info[1]})"
    if sys.version_info < (3, 11):  # noqa: UP036 (installing checks it, starting in a checkout does not)
        return sorry(f"Python 3.11 or 3.12 is needed; {found}")
    try:
        from fer_utils.reproduce.cli import main

        return main()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "fer_utils":
            raise
        return sorry(f"the library {error.name!r} is missing; {found}")


def sorry(reason: str) -> int:
    """Say what is wrong and what to do; gives the exit code."""
    print(f"fer_utils: {reason}. {OURS}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(start())
