"""What routing is worth: the same loop walked with every strategy at equal budgets, on the picture world.

design.py   the study as a checked tree, and its walks (a base, a strategy, a seed)
walk.py     one walk: sample, score, route, correct, train, measure, round after round
rows.py     what a walk found, kept as one file
analysis.py labels needed to reach a rate, and over random, with intervals
"""
