"""The same stand-in trees as in the tests of the data sets."""

from tests.datasets.conftest import forbid, tiny_shelf

__all__ = ["forbid", "tiny_shelf"]
