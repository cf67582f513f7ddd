"""A new device: what do the other devices of a table, measured in full, say of its front after a few measurements?

Beside Pare's transfer (search/surrogate/transfer.h): its search, and random plans, both on the new device from nothing.
"""
import math
import statistics

import ours
from recorder import Recorder, Spent

PREDICTED = 40  # plans asked for at once, after the first measurements: the front as it is predicted
AT = (10, 20, 30, 40, 60, 80)


def known_plans(table, new):
    """What the other devices and the new one's accuracy say of each plan."""
    others = [on for target, on in enumerate(table.points) if target != new]
    return [{"genome": list(genome), "features": [table.points[new][genome][0]] + [on[genome][1] for on in others]}
            for genome in table.points[new]]


def share_of(table, genomes):
    recorder = Recorder(table, math.inf)
    for genome in genomes:
        recorder(genome)
    return recorder.share


def transferred(program, table, new, seed, measure):
    """(shares after each evaluation, share of the front that the first measurements predict)"""
    alone = table.on_target(new)
    recorder, first = Recorder(alone, max(AT)), []
    with ours.AskTell(program, alone, "pare", seed, known=known_plans(table, new), measure=measure) as asker:
        for _ in range(measure):
            (genome,) = asker.ask(1)
            first.append(genome)
            asker.tell([(genome, recorder(genome))])
        predicted = share_of(alone, first + asker.ask(PREDICTED))
    with ours.AskTell(program, alone, "pare", seed, known=known_plans(table, new), measure=measure) as asker:
        return follow(asker, Recorder(alone, max(AT))), predicted


def follow(asker, recorder):
    try:
        while genomes := asker.ask(1):
            asker.tell([(genome, recorder(genome)) for genome in genomes])
    except Spent:
        pass
    return recorder.shares


def from_nothing(program, table, new, strategy, seed):
    alone = table.on_target(new)
    with ours.AskTell(program, alone, strategy, seed) as asker:
        return follow(asker, Recorder(alone, max(AT)))


def run(program, table, new, seed, measure):
    """One JSON line a device and seed."""
    shares, predicted = transferred(program, table, new, seed, measure)
    rows = {"transfer": shares, "pare": from_nothing(program, table, new, "pare", seed),
            "random": from_nothing(program, table, new, "random", seed)}
    return {"problem": table.name, "device": new, "seed": seed, "measured_first": measure,
            "share_predicted": round(predicted, 4),
            **{name: {str(n): round(row[n - 1], 4) for n in AT if n <= len(row)} for name, row in rows.items()}}


def table(results):
    print(f"\nshare of the new device's true hypervolume (median over the seeds); predicted: of {PREDICTED} plans chosen at once "
          "after the first measurements")
    print(f"{'device':>6} {'strategy':10}" + "".join(f"{n:>9}" for n in AT) + f"{'predicted':>11}")
    for device in sorted({r["device"] for r in results}):
        runs = [r for r in results if r["device"] == device]
        for name in ("transfer", "pare", "random"):
            cells = "".join(f"{statistics.median(r[name].get(str(n), math.nan) for r in runs):9.4f}" for n in AT)
            predicted = f"{statistics.median(r['share_predicted'] for r in runs):11.4f}" if name == "transfer" else ""
            print(f"{device:>6} {name:10}{cells}{predicted}")
