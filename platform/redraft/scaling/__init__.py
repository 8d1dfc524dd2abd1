"""The scaling study: hallucination against the number of labels, for several kinds of labels and training.

design.py   what is compared: arms, sizes, seeds, bases      bench.py    runs one cell: reset, train, describe, judge
items.py    two samples a picture, drawn once a base         rows.py     what a cell found, and where it is kept
labels.py   samples to corrections, rankings, rewritten text search.py   each arm's recipe, chosen on dev
                                                             packing.py  results on their way elsewhere
"""
