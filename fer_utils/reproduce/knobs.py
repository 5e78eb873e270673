"""The shipped notebooks' parameters, in the order of their cells. A test holds this table against the notebooks."""

from __future__ import annotations

from fer_utils.faces import EMOTIONS
from fer_utils.reproduce.parameters import Parameter as P

PROFILES = ("smoke", "quick", "paper")
PROTOCOLS = ("published", "sound")
DEVICES = ("auto", "cpu", "cuda", "mps")
DETECTORS = ("haar", "ssd", "dlib")
SPACES = ("mobilenet", "inception")

_PROFILE = P("quick", choices=PROFILES)
_PROTOCOL = P("both", choices=(*PROTOCOLS, "both"))
_DEVICE = P("auto", choices=DEVICES)
_EPOCHS = P(None, "number", high=100_000, optional=True)
_PICTURES = P(None, "number", high=10_000_000, optional=True)

NOTEBOOKS: dict[str, dict[str, P]] = {
    "00_start_here": {"profile": _PROFILE, "judged": P(100, "number", low=0)},
    "01_clifer": {
        "dataset": P("avatars_clips", "data set"),
        "profile": _PROFILE,
        "protocol": _PROTOCOL,
        "seeds": P([0], "seeds"),
        "device": _DEVICE,
        "variant": P(None, choices=("clifer_paper", "clifer_code", "gdm_iris", "gdm_core50"), optional=True),
        "identity": P(None, choices=("dlib", "none"), suffix=".mat", optional=True),
        "epochs": _EPOCHS,
    },
    "02_gan_augmentation": {
        "dataset": P("fer2013:stand-in", "data set"),
        "source": P("avatars_studio", "data set"),
        "profile": _PROFILE,
        "protocol": _PROTOCOL,
        "seeds": P([0, 1, 2], "seeds"),
        "device": _DEVICE,
        "mismatch": P(None, choices=("shared", "contempt_as_neutral", "first_frames"), optional=True),
        "init": P(None, choices=("imagenet", "random"), optional=True),
        "weights": P({}, "files", choices=("VGG-16", "ResNet-50"), suffix=".weights.h5"),
        "train_images": _PICTURES,
        "test_images": _PICTURES,
        "generated": P(None, "number", high=100_000, optional=True),
        "epochs": _EPOCHS,
        "space": P("mobilenet", choices=SPACES),
    },
    "03_landmark_ensemble": {
        "dataset": P("avatars_studio", "data set"),
        "wild": P("auto", "data set", choices=("auto", "none"), optional=True),
        "turned": P("avatars_views", "data set", optional=True),
        "profile": _PROFILE,
        "protocol": _PROTOCOL,
        "seeds": P([0], "seeds"),
        "device": _DEVICE,
        "image_size": P(None, "number", low=16, high=1024, optional=True),
        "classes": P(None, "names", choices=EMOTIONS, optional=True, fewest=2),
        "max_folds": P(None, "number", high=1000, optional=True),
        "batch_norm": P(None, choices=("stored", "batch"), optional=True),
        "head_activation": P(None, choices=("linear", "relu"), optional=True),
        "balance": P(None, "flag", optional=True),
        "landmarks": P(None, choices=("transformed", "detected"), optional=True),
        "fold_rule": P(None, choices=("every_tenth", "blocks"), optional=True),
        "detector": P("ssd", choices=DETECTORS),
    },
    "04_dcgan_svm": {
        "dataset": P("avatars_studio", "data set"),
        "profile": _PROFILE,
        "protocol": _PROTOCOL,
        "seeds": P([0], "seeds"),
        "device": _DEVICE,
        "width": P(None, "number", high=1024, optional=True),
        "epochs": _EPOCHS,
        "optimiser": P(None, choices=("published", "radford"), optional=True),
        "feature": P(None, choices=("after", "before", "pooled"), optional=True),
        "space": P("mobilenet", choices=SPACES),
    },
    "05_mobilenet_jaffe": {
        "dataset": P("london", "data set"),
        "profile": _PROFILE,
        "protocol": _PROTOCOL,
        "seeds": P([0, 1, 2], "seeds"),
        "device": _DEVICE,
        "weights": P(None, choices=("shipped", "imagenet", "none"), suffix=".weights.h5", optional=True),
        "quota": P(None, "number", low=10, high=100_000, optional=True),
        "epochs": _EPOCHS,
        "tune": P([], "names", choices=("last_block", "all")),
        "tune_epochs": P(3, "number", high=10_000),
        "detector": P("ssd", choices=DETECTORS),
    },
}
