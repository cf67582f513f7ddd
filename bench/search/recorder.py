"""Counts evaluations and follows the share of the true hypervolume."""
import problems


class Spent(Exception):
    """The budget is spent, or the search has found what it was to find."""


class Recorder:
    """Evaluates genomes for one run.  A genome asked for again is answered from memory and costs nothing, so that a
    peer which repeats itself loses nothing; one that does little else is ended."""

    MOST_REPEATS = 20  # for each evaluation of the budget

    def __init__(self, problem, budget, enough=1.0):
        self.problem, self.budget, self.enough = problem, budget, enough
        self.known, self.shares, self.asked = {}, [], 0
        self.fronts = [[] for _ in range(problem.targets)]
        self.volumes = [0.0] * problem.targets

    @property
    def share(self):
        return self.shares[-1] if self.shares else 0.0

    def __call__(self, genome):
        """[(objectives, violations)], one a target.  Raises Spent instead of a measurement too many."""
        genome = self.problem.nearest(genome)
        self.asked += 1
        if genome in self.known:
            if self.asked > self.MOST_REPEATS * self.budget:
                raise Spent
            return self.known[genome]
        if len(self.known) >= self.budget or self.share >= self.enough:
            raise Spent
        measured = self.known[genome] = self.problem.measure(genome)
        for i, (objectives, violations) in enumerate(measured):
            self._add(i, objectives, violations)
        self.shares.append(min(v / best for v, best in zip(self.volumes, self.problem.best)))
        return measured

    def _add(self, target, objectives, violations):
        if any(v > 0 for v in violations):
            return
        front = self.fronts[target]
        if any(a <= objectives[0] and b <= objectives[1] for a, b in front):
            return
        self.fronts[target] = problems.undominated(front + [tuple(objectives)])
        self.volumes[target] = problems.hypervolume(self.fronts[target], self.problem.references[target])

    def needed(self, share):
        """Evaluations until the share was reached; None: it was not."""
        return next((i + 1 for i, s in enumerate(self.shares) if s >= share - 1e-12), None)
