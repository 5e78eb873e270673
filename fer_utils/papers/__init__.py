"""Five papers, a room each, and the spine that they share.

``study`` (data, settings, seeds, protocols), ``answers`` (what networks said of pictures), ``finding`` (our number for
a claim, with its leak audit), ``headline`` (the number that a paper is known by), ``planning`` (what the units of a
study cost), ``parameters`` (what a notebook lets its reader change), ``claims`` (the papers' own numbers) and
``registry`` (one line a paper).
"""
