"""Benchmarks that probe a policy with questions whose answers are known: POPE, AMBER and VQAv2.

published.py, answer_forms.py        their files, and the answer files that others write for them
yes_no.py                            figures of yes-or-no questions
pope.py                              POPE
nouns.py, vectors.py                 nouns of a description: by a word list, or as the AMBER script reads them
amber_files.py  described.py         AMBER's files; what one description gets right and wrong
amber.py                             AMBER
vqa_normal.py   vqav2.py             VQA's normal form of an answer; VQAv2
"""

from redraft.evaluate.probing.amber import Amber
from redraft.evaluate.probing.pope import Pope
from redraft.evaluate.probing.vqav2 import VqaV2

__all__ = ["Amber", "Pope", "VqaV2"]
