"""Paper 2: Yan et al. 2021, GANs trained on laboratory faces enlarge the training set of FER-2013.

:mod:`settings` · :mod:`parts` (who plays CK+ and FER-2013, how their classes meet, the parts) · :mod:`arms` (what a
training set is enlarged with) · :mod:`vgg` · :mod:`resnet` · :mod:`course` (training) · :mod:`deep_svm` ·
:mod:`protocol` (units, and which evaluation counts) · :mod:`study` · :mod:`claims` (Table 1, gains, findings) ·
:mod:`figures` · :mod:`estimate`.
"""

from fer_utils.papers.headline import Control, Headline

HEADLINE = Headline(
    "accuracy, ResNet-50 with DCGAN pictures",
    ("gan_augmentation/table_1/resnet-50+dcgan/fer-2013/accuracy",),
    Control(
        "no pictures, as many steps",
        "table_1",
        {"model": ("ResNet-50, as many steps", "reduced ResNet, as many steps")},
    ),
)
