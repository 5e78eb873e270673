"""Shared helpers of the notebooks that re-run five papers on facial expression recognition.

Data flows one way through the rooms::

    datasets -> preprocess -> splits -> a paper's room -> scores -> reproduce
"""

__version__ = "0.1.0"
