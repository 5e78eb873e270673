"""Faces that nobody owns: the renderer of the shipped avatars, and stand-ins in every official layout.

:mod:`fer_utils.avatars.generate` renders the shoots that :mod:`fer_utils.datasets.avatar_shoots` reads;
:mod:`fer_utils.avatars.gaze` turns the eyes of their pictures; :mod:`fer_utils.avatars.stand_ins` puts them into the
layouts of the other data sets.
"""
