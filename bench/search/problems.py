"""Problems for the search benchmark: published tables, and test functions on a grid.

A problem is a list of decisions (in order or not, how many choices), a number of targets, and what each genome
measures on each of them.  Objectives are minimised; a violation above 0 breaks a constraint.  `share` is the share of
the true hypervolume, of the target that has the least.
"""
import abc
import csv
import dataclasses
import functools
import math

import numpy as np

LEVELS = 101  # of a variable of a test function


@dataclasses.dataclass(frozen=True)
class Decision:
    ordered: bool
    choices: int


def undominated(points):
    """Of two objectives, ascending by the first."""
    front, lowest = [], math.inf
    for a, b in sorted(map(tuple, points)):
        if b < lowest:
            front.append((a, b))
            lowest = b
    return front


def hypervolume(points, reference):
    """Of two objectives.  Points beyond the reference add nothing."""
    volume, height = 0.0, reference[1]
    for a, b in undominated(p for p in points if p[0] < reference[0] and p[1] < reference[1]):
        volume += (reference[0] - a) * (height - b)
        height = b
    return volume


class Problem(abc.ABC):
    only = ()  # the genomes that exist, where not all do

    def __init__(self, name, decisions, references, best):
        self.name, self.decisions, self.references, self.best = name, decisions, references, best
        self.targets = len(references)

    @abc.abstractmethod
    def measure(self, genome):
        """[(objectives, violations)], one a target."""

    def nearest(self, genome):
        return tuple(genome)


class Table(Problem):
    """A published table: `points[target][genome]` are its objectives."""

    def __init__(self, name, decisions, points, references):
        self.points = points
        best = [hypervolume(on.values(), reference) for on, reference in zip(points, references)]
        super().__init__(name, decisions, references, best)
        product = math.prod(d.choices for d in decisions)
        self.only = () if len(points[0]) == product else tuple(sorted(points[0]))

    def measure(self, genome):
        return [(on[genome], ()) for on in self.points]

    def on_target(self, target):
        """The same table with one of its targets alone."""
        return Table(f"{self.name}[{target}]", self.decisions, [self.points[target]], [self.references[target]])

    @functools.lru_cache(maxsize=None)
    def _nearest(self, genome):
        def distance(other):
            return sum(abs(a - b) / d.choices if d.ordered else (a != b)
                       for a, b, d in zip(genome, other, self.decisions))
        return min(self.only, key=distance)

    def nearest(self, genome):
        genome = tuple(genome)
        return genome if not self.only or genome in self.points[0] else self._nearest(genome)


class Narrow(Table):
    """A table in which only so many plans keep both limits, as a job's latency and accuracy would set them."""

    def __init__(self, table, share):
        (on,) = table.points
        latencies = sorted(latency for _, latency in on.values())
        fast = latencies[len(latencies) // 4]
        errors = sorted(error for error, latency in on.values() if latency <= fast)
        self.limits = (errors[int(share * len(on))], fast)
        super().__init__(f"{table.name}-narrow", table.decisions, table.points, [self.limits])

    def measure(self, genome):
        (on,) = self.points
        return [(on[genome], tuple(value - limit for value, limit in zip(on[genome], self.limits)))]


class Grid(Problem):
    """A test function of variables in [0, 1], each with LEVELS levels."""

    def __init__(self, name, variables, function, reference, best):
        self.function = function
        super().__init__(name, [Decision(True, LEVELS)] * variables, [reference], [best])

    def measure(self, genome):
        return [self.function(np.asarray(genome) / (LEVELS - 1))]


def nasbench201(tables, device):
    points = {}
    with open(tables / "nasbench201.csv", encoding="utf8") as file:
        for row in csv.DictReader(file):
            genome = tuple(int(row[f"e{i}"]) for i in range(6))
            points[genome] = (100 - float(row["acc_cifar100"]), math.log(float(row[f"lat_ms_{device}"])))
    reference = tuple(np.percentile(np.array(list(points.values())), 90, axis=0))
    return Table(f"nasbench201-{device}", [Decision(False, 5)] * 6, [points], [reference])


YOLO_DEVICES = ("openvino", "nano_gpu", "pi4_ort", "a40_trt")
YOLO_NAMED = {"n": ("33", "25"), "s": ("33", "5"), "m": ("67", "75"), "l": ("1", "1")}
YOLO_DEPTHS, YOLO_WIDTHS = ("33", "67", "1"), ("25", "5", "75", "1")


def yolo_architecture(name):
    """(family, depth, width) of a name such as yolo6l-d33w25 or yolo5n."""
    name = name.removeprefix("yolo").replace("-", "")
    if "d" in name:
        family, rest = name.split("d")
        depth, width = rest.split("w")
    else:
        family, (depth, width) = name[:-1], YOLO_NAMED[name[-1]]
    return family, {"6": "67"}.get(depth, depth), width


def yolobench(tables):
    rows = []
    with open(tables / "yolobench.csv", encoding="utf8") as file:
        for row in csv.DictReader(file):
            name, resolution = row["model_name"].rsplit("_", 1)
            rows.append((yolo_architecture(name), int(resolution), row))
    families = sorted({architecture[0] for architecture, _, _ in rows})
    resolutions = sorted({resolution for _, resolution, _ in rows})
    points = [{} for _ in YOLO_DEVICES]
    for (family, depth, width), resolution, row in rows:
        genome = (families.index(family), YOLO_DEPTHS.index(depth), YOLO_WIDTHS.index(width), resolutions.index(resolution))
        for on, device in zip(points, YOLO_DEVICES):
            on[genome] = (1 - float(row["mAP_0.5:0.95_coco"]), math.log(float(row[f"{device}_latency_ms"])))
    assert len(points[0]) == len(rows), "two rows of one genome"
    references = [tuple(np.percentile(np.array(list(on.values())), 90, axis=0)) for on in points]
    decisions = [Decision(False, len(families)), Decision(True, len(YOLO_DEPTHS)), Decision(True, len(YOLO_WIDTHS)),
                 Decision(True, len(resolutions))]
    return Table("yolobench", decisions, points, references)


def zdt(number):
    def function(x):
        g = 1 + 9 * float(np.mean(x[1:]))
        f = float(x[0])
        h = {1: 1 - math.sqrt(f / g), 2: 1 - (f / g) ** 2,
             3: 1 - math.sqrt(f / g) - f / g * math.sin(10 * math.pi * f)}[number]
        return (f, g * h), ()
    return function


def dtlz2(x):
    g = float(np.sum((x[1:] - 0.5) ** 2))
    angle = float(x[0]) * math.pi / 2
    return ((1 + g) * math.cos(angle), (1 + g) * math.sin(angle)), ()


def c2_dtlz2(x, radius=0.2):
    """Jain and Deb (2014), with two objectives: the front only near the axes and the middle."""
    (a, b), _ = dtlz2(x)
    near_axis = min((a - 1) ** 2 + b * b, (b - 1) ** 2 + a * a) - radius ** 2
    near_middle = (a - 1 / math.sqrt(2)) ** 2 + (b - 1 / math.sqrt(2)) ** 2 - radius ** 2
    return (a, b), (min(near_axis, near_middle),)


def distance_of_mw(x):
    return 1 + float(np.sum(2 * (x[1:] + (x[:-1] - 0.5) ** 2 - 1) ** 2))


def mw7(x):
    """Ma and Wang (2019)."""
    g = distance_of_mw(x)
    f1 = g * float(x[0])
    f2 = g * math.sqrt(max(0.0, 1 - (f1 / g) ** 2))
    angle = 4 * math.atan2(f2, f1)
    outer = f1 ** 2 + f2 ** 2 - (1.2 + 0.4 * abs(math.sin(angle)) ** 16) ** 2
    inner = (1.15 - 0.2 * abs(math.sin(angle)) ** 8) ** 2 - f1 ** 2 - f2 ** 2
    return (f1, f2), (outer, inner)


def mw3(x):
    """Ma and Wang (2019): a band along the front, which it touches and leaves."""
    f1 = float(x[0])
    f2 = distance_of_mw(x) - f1
    along = 0.75 * math.pi * math.sqrt(2) * (f2 - f1)
    return (f1, f2), (f1 + f2 - 1.05 - 0.45 * math.sin(along) ** 6, 0.85 + 0.3 * math.sin(along) ** 2 - f1 - f2)


def lircmop1(x):
    """Fan et al. (2019): two shells a hundredth thick, which one plan of ten thousand at random meets."""
    angle = 0.5 * math.pi * float(x[0])
    g1 = float(np.sum((x[2::2] - math.sin(angle)) ** 2))
    g2 = float(np.sum((x[1::2] - math.cos(angle)) ** 2))
    return (float(x[0]) + g1, 1 - float(x[0]) ** 2 + g2), tuple((g - 0.51) * (g - 0.5) for g in (g1, g2))


def osy(x):
    """Osyczka and Kundu (1995): six constraints, of which each piece of the front lies on others.  Objectives in hundreds."""
    a, b, c, d, e, f = np.array([10, 10, 4, 6, 4, 10]) * x + np.array([0, 0, 1, 0, 1, 0])
    f1 = -(25 * (a - 2) ** 2 + (b - 2) ** 2 + (c - 1) ** 2 + (d - 4) ** 2 + (e - 1) ** 2)
    f2 = a * a + b * b + c * c + d * d + e * e + f * f
    violations = (2 - a - b, a + b - 6, b - a - 2, a - 3 * b - 2, (c - 3) ** 2 + d - 4, 4 - (e - 3) ** 2 - f)
    return (float(f1) / 100, float(f2) / 100), tuple(map(float, violations))


def on_front(function, first):
    """The hypervolume that the grid's front has: its genomes differ in the first variable alone."""
    points = []
    for level in range(LEVELS):
        objectives, violations = function(first(level / (LEVELS - 1)))
        if all(v <= 0 for v in violations):
            points.append(objectives)
    return points


@functools.lru_cache(maxsize=None)
def grids():
    n, reference = 10, (1.1, 1.1)

    def rest(value):
        return lambda x0: np.concatenate([[x0], np.full(n - 1, value)])
    functions = {"zdt1": (zdt(1), rest(0)), "zdt2": (zdt(2), rest(0)), "zdt3": (zdt(3), rest(0)),
                 "dtlz2": (dtlz2, rest(0.5)), "c2-dtlz2": (c2_dtlz2, rest(0.5))}
    out = {name: Grid(name, n, function, reference, hypervolume(on_front(function, first), reference))
           for name, (function, first) in functions.items()}
    for name, variables, function, reference, front in (
            ("mw7", n, mw7, (1.2, 1.2), mw7_front), ("mw3", n, mw3, (1.2, 1.2), mw3_front),
            ("lircmop1", n, lircmop1, (1.6, 1.6), lircmop1_front), ("osy", 6, osy, (0.0, 0.8), osy_front)):
        out[name] = Grid(name, variables, function, reference, hypervolume(front(), reference))
    return out


def mw7_front(samples=20000):
    """Without a grid: the unconstrained front where it is allowed, else the inner constraint's edge."""
    points = []
    for angle in np.linspace(0, math.pi / 2, samples):
        radius = max(1.0, 1.15 - 0.2 * abs(math.sin(4 * angle)) ** 8)
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return points


def mw3_front(samples=20000):
    """Without a grid, too: f1 + f2 is 1, or where that is not allowed the inner constraint's edge."""
    points = []
    for apart in np.linspace(-1.2, 1.2, samples):  # f2 - f1
        total = max(1.0, 0.85 + 0.3 * math.sin(0.75 * math.pi * math.sqrt(2) * apart) ** 2)
        f1, f2 = (total - apart) / 2, (total + apart) / 2
        if 0 <= f1 <= 1 and f2 >= 0:
            points.append((f1, f2))
    return points


def lircmop1_front(samples=20000):
    return [(x + 0.5, 1.5 - x * x) for x in np.linspace(0, 1, samples)]


def osy_front(samples=4000):
    """Deb (2001), table 10: pieces with x4 = x6 = 0."""
    pieces = []
    for t in np.linspace(0, 1, samples):
        pieces += [(5, 1, 1 + 4 * t, 0, 5, 0), (5, 1, 1 + 4 * t, 0, 1, 0), (4.056 + 0.944 * t, (2.056 + 0.944 * t) / 3, 1, 0, 1, 0),
                   (0, 2, 1 + 2.732 * t, 0, 1, 0), (t, 2 - t, 1, 0, 1, 0)]
    scaled = [(np.array(x) - np.array([0, 0, 1, 0, 1, 0])) / np.array([10, 10, 4, 6, 4, 10]) for x in pieces]
    measured = [osy(x) for x in scaled]
    return [objectives for objectives, violations in measured if all(v <= 1e-9 for v in violations)]


def problem(name, tables):
    if name.endswith("-narrow"):
        return Narrow(problem(name.removesuffix("-narrow"), tables), share=0.005)
    if name.startswith("nasbench201-"):
        return nasbench201(tables, name.removeprefix("nasbench201-"))
    if name == "yolobench":
        return yolobench(tables)
    return grids()[name]


NAMES = ("nasbench201-raspi4", "nasbench201-gold_6226", "nasbench201-2080ti_1", "nasbench201-raspi4-narrow", "yolobench",
         "zdt1", "zdt2", "zdt3", "dtlz2", "c2-dtlz2", "mw7", "mw3", "lircmop1", "osy")
