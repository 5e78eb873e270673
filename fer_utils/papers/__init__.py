"""Five papers, a room each, and the spine that they share.

``settings`` (every value with its source), ``answers`` (what networks said of pictures), ``finding`` (our number for a
claim, with its leak audit), ``study`` (data, settings, seeds, protocols), ``headline`` (the number that a paper is known by), ``planning`` (what the units of a study
cost), ``claims`` (the papers' own numbers) and ``registry`` (one line a paper).
"""
