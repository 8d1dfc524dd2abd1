"""A model of the whole system: what people do in a day, and what that asks of GPUs, database, loop and disks.

inputs.py      what is assumed, by name; how many people and GPUs
measured.py    what was measured here, and by what; kept in docs/results/growth/measured.json
measuring.py, measuring_store.py   take it
model.py       both in, a day out
limits.py      what is full first, and from how many people on
checks.py      predicted against measured
tables.py      the tables of docs/scaling.md
"""
