"""Paper 2: Yan et al. 2021, GANs trained on laboratory faces enlarge the training set of FER-2013.

:mod:`settings` · :mod:`parts` (who plays CK+ and FER-2013, and how their classes meet) · :mod:`vgg` ·
:mod:`resnet` · :mod:`course` (training) · :mod:`deep_svm` · :mod:`protocol` (units) · :mod:`study` (tables).
"""
