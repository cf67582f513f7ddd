"""Strategies asked by workers that finish at different times: how long until a share of the front is found?

Nothing waits: a worker that is done tells its result and asks for the next plan.  Times are log-normal, the same for
every strategy in the order in which plans are begun.
"""
import heapq
import itertools

import numpy as np

import ours
import peers
from recorder import Recorder, Spent

SIGMA = 0.6


class Ours:
    def __init__(self, program, problem, strategy, seed):
        self.pipe = ours.AskTell(program, problem, strategy, seed)

    def ask(self):
        asked = self.pipe.ask(1)
        if not asked:
            return None
        (genome,) = asked
        return genome, genome

    def tell(self, genome, measured):
        self.pipe.tell([(genome, measured)])


def asker(program, problem, strategy, seed):
    if strategy in peers.SAMPLERS:
        return peers.OptunaStudy(peers.SAMPLERS[strategy], problem, seed)
    return Ours(program, problem, strategy, seed)


def run(program, problem, strategy, seed, evaluations, workers, levels):
    """{level: simulated time in mean evaluation times, None if it was not reached}"""
    strategy = asker(program, problem, strategy, seed)
    recorder = Recorder(problem, evaluations)
    times = np.random.default_rng(seed).lognormal(-SIGMA ** 2 / 2, SIGMA, 10 * evaluations)
    order = itertools.count()
    busy, reached = [], {}

    def begin(now):
        asked = strategy.ask()
        if asked is None:  # the space has nothing left to offer
            return
        handle, genome = asked
        number = next(order)
        heapq.heappush(busy, (now + times[number % len(times)], number, handle, genome))
    for _ in range(workers):
        begin(0.0)
    try:
        while busy:
            now, _, handle, genome = heapq.heappop(busy)
            measured = recorder(genome)
            strategy.tell(handle, measured)
            for level in levels:
                if recorder.share >= level:
                    reached.setdefault(level, round(float(now), 2))
            begin(now)
    except Spent:
        pass
    return {str(level): reached.get(level) for level in levels}, recorder
