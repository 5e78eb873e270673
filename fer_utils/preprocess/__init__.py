"""From pictures as they come to faces as a network wants them.

The steps, each usable on its own:

1. ``to_grey`` / ``to_rgb`` / ``resize``: one colour mode, one size;
2. ``clahe``: contrast;
3. ``detect_faces`` (or ``face_boxes``, which remembers its answer on disk): where the faces are;
4. ``crop_faces``: one square face a picture, with a report of how often none or several were found;
5. ``landmarks68``: 68 points on every face;
6. ``hog``: histograms of its gradients;
7. ``normalise``: ``uint8`` to ``float32`` in the range a network expects.

``cached`` stores any other costly step by the content that went into it.
"""

from fer_utils.preprocess.cache import cached
from fer_utils.preprocess.crop import WHEN_NONE, WHEN_SEVERAL, CropReport, crop_faces, face_boxes
from fer_utils.preprocess.detect import DETECTORS, detect_faces
from fer_utils.preprocess.gradients import hog
from fer_utils.preprocess.landmarks import PARTS, landmarks68
from fer_utils.preprocess.pixels import NORMALISATIONS, clahe, normalise, resize, to_grey, to_rgb

__all__ = [
    "DETECTORS",
    "NORMALISATIONS",
    "PARTS",
    "WHEN_NONE",
    "WHEN_SEVERAL",
    "CropReport",
    "cached",
    "clahe",
    "crop_faces",
    "detect_faces",
    "face_boxes",
    "hog",
    "landmarks68",
    "normalise",
    "resize",
    "to_grey",
    "to_rgb",
]
