#!/usr/bin/env python3
"""Makes hypervolumes_of_pygmo.txt: random sets in two to five objectives and the hypervolumes that pygmo gives them.

  ~/.local/share/pare/venv/bin/python tests/search/hypervolumes_of_pygmo.py > tests/search/hypervolumes_of_pygmo.txt

A line is: objectives, points, their coordinates, the hypervolume; the reference is 1 everywhere.  Coordinates have
three digits, so that they are read back as they were.
"""
import random

import pygmo

rng = random.Random(1)
for objectives in (2, 3, 4, 5):
    for count in (1, 2, 5, 12, 20):
        points = [[rng.randrange(-500, 1000) / 1000 for _ in range(objectives)] for _ in range(count)]
        points += points[:count // 5]  # some of them twice
        volume = pygmo.hypervolume(points).compute([1.0] * objectives)
        print(objectives, len(points), *(x for point in points for x in point), repr(float(volume)))
