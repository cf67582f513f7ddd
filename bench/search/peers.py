"""General optimizers beside Pare's, each with the settings that its authors recommend for small budgets.

Each is run(problem, evaluate, seed); evaluate raises recorder.Spent when the run is over.  With several targets the
objectives of all are handed over, once where they are the same.
"""
import warnings

import numpy as np


def merged(measured):
    """The distinct objectives of all targets and all violations: (error, latency 1, latency 2, ...)."""
    objectives = list(measured[0][0])
    for on, _ in measured[1:]:
        objectives += [v for first, v in zip(measured[0][0], on) if v != first]
    return objectives, [v for _, violations in measured for v in violations]


def merged_count(problem):
    genome = problem.only[0] if problem.only else tuple(0 for _ in problem.decisions)
    objectives, violations = merged(problem.measure(genome))
    return len(objectives), len(violations)


class OptunaStudy:
    """Ask and tell, as many plans at once as wanted."""

    def __init__(self, make, problem, seed):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", module="optuna")
        objectives, violations = merged_count(problem)
        constraints = (lambda trial: trial.user_attrs["violations"]) if violations else None
        self.problem = problem
        self.study = optuna.create_study(directions=["minimize"] * objectives, sampler=make(optuna, seed, constraints))

    def ask(self):
        """(trial, genome)"""
        trial = self.study.ask()
        return trial, tuple(trial.suggest_int(f"x{i}", 0, d.choices - 1) if d.ordered
                            else trial.suggest_categorical(f"x{i}", list(range(d.choices)))
                            for i, d in enumerate(self.problem.decisions))

    def tell(self, trial, measured):
        values, violated = merged(measured)
        trial.set_user_attr("violations", violated)
        self.study.tell(trial, values)


SAMPLERS = {
    "optuna-nsga2": lambda optuna, seed, constraints: optuna.samplers.NSGAIISampler(
        population_size=50, seed=seed, constraints_func=constraints),
    "optuna-tpe": lambda optuna, seed, constraints: optuna.samplers.TPESampler(
        multivariate=True, seed=seed, constraints_func=constraints)}


def optuna_search(name):
    def search(problem, evaluate, seed):
        study = OptunaStudy(SAMPLERS[name], problem, seed)
        while True:
            trial, genome = study.ask()
            study.tell(trial, evaluate(genome))
    return search


def pymoo_nsga2(problem, evaluate, seed):
    from pymoo.core.mixed import MixedVariableGA
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.core.variable import Choice, Integer
    from pymoo.algorithms.moo.nsga2 import RankAndCrowdingSurvival
    from pymoo.optimize import minimize
    objectives, violations = merged_count(problem)
    variables = {f"x{i}": Integer(bounds=(0, d.choices - 1)) if d.ordered else Choice(options=list(range(d.choices)))
                 for i, d in enumerate(problem.decisions)}

    class Wrapped(ElementwiseProblem):
        def __init__(self):
            super().__init__(vars=variables, n_obj=objectives, n_ieq_constr=violations)

        def _evaluate(self, x, out, *_, **__):
            values, violated = merged(evaluate(tuple(int(x[f"x{i}"]) for i in range(len(variables)))))
            out["F"], out["G"] = values, violated
    minimize(Wrapped(), MixedVariableGA(pop_size=40, survival=RankAndCrowdingSurvival()), ("n_gen", 10 ** 6),
             seed=seed, verbose=False)


def pagmo(algorithm, population, integers):
    """pagmo has no constraints in these algorithms: a violation is added to every objective, ten times over."""
    def search(problem, evaluate, seed):
        import pygmo
        objectives, _ = merged_count(problem)
        choices = np.array([d.choices for d in problem.decisions])

        class Wrapped:
            def get_bounds(self):
                return ([0.0] * len(choices), list(choices - 1.0)) if integers else ([0.0] * len(choices), list(choices - 1e-9))

            def get_nix(self):
                return len(choices) if integers else 0

            def get_nobj(self):
                return objectives

            def fitness(self, x):
                genome = tuple(int(v) for v in np.clip(np.round(x) if integers else np.floor(x), 0, choices - 1))
                values, violated = merged(evaluate(genome))
                return np.array(values) + 10 * sum(max(0.0, v) for v in violated)
        people = pygmo.population(pygmo.problem(Wrapped()), size=population(objectives), seed=seed)
        solver = pygmo.algorithm(algorithm(pygmo, seed))
        while True:
            people = solver.evolve(people)
    return search


pagmo_nsga2 = pagmo(lambda pygmo, seed: pygmo.nsga2(gen=1, seed=seed), lambda _: 40, True)
pagmo_moead = pagmo(lambda pygmo, seed: pygmo.moead(gen=1, weight_generation="random", neighbours=10, seed=seed),
                    lambda _: 40, False)
pagmo_nspso = pagmo(lambda pygmo, seed: pygmo.nspso(gen=1, seed=seed), lambda _: 40, False)

PEERS = {**{name: optuna_search(name) for name in SAMPLERS}, "pymoo-nsga2": pymoo_nsga2,
         "pagmo-nsga2": pagmo_nsga2, "pagmo-moead": pagmo_moead, "pagmo-nspso": pagmo_nspso}
