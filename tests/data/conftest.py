"""The same stand-in trees as in the tests of the data sets."""

from tests.datasets.conftest import forbid, loaded, own_cmu, own_jaffe, own_root, stand_ins

__all__ = ["forbid", "loaded", "own_cmu", "own_jaffe", "own_root", "stand_ins"]
