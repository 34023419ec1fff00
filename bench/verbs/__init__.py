"""What the command lines do, as functions of plain values that return what they made.

from bench.verbs.train import train

run = train(preset="s1-small", m=2, changes={"epochs": 2}, out="results/mine")

A verb of bench/mixpath.py is a file of its name: the function, and `command`, which calls it with
the command line's values and prints what it returned. The rest: `options.py` (what several command
lines ask for), `presets.py` and `folders.py` (which recipe, and where results go).
"""
