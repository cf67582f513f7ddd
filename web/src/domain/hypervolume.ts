// Fronts and the volume that they dominate, as the service takes it: in (1 - accuracy, logarithms of
// the others), against half the original's accuracy and the original's other figures.
import type { Job, Outcome, Trial } from '../api/types.ts';
import { isWhole, metricOf, valueOf } from './metrics.ts';

type Point = readonly number[]; // less is better in each

export function dominates(a: Point, b: Point): boolean {
  let better = false;
  for (let i = 0; i < a.length; ++i) {
    if (a[i]! > b[i]!) return false;
    better ||= a[i]! < b[i]!;
  }
  return better;
}

// The volume between the points and `reference`; exact, by slices along the last axis.
export function hypervolume(points: readonly Point[], reference: Point): number {
  const inside = points.filter((point) => point.every((x, i) => x < reference[i]!));
  const axes = reference.length;
  if (inside.length === 0 || axes === 0) return 0;
  if (axes === 1) return reference[0]! - Math.min(...inside.map((point) => point[0]!));
  const last = axes - 1;
  const sorted = [...inside].sort((a, b) => a[last]! - b[last]!);
  let volume = 0;
  const front: Point[] = [];
  sorted.forEach((point, i) => {
    front.push(point.slice(0, last));
    const until = sorted[i + 1]?.[last] ?? reference[last]!;
    const height = until - point[last]!;
    if (height > 0) volume += height * hypervolume(front, reference.slice(0, last));
  });
  return volume;
}

function objectivesOf(job: Job, trial: Trial, outcome: Outcome): Point | undefined {
  const out: number[] = [];
  for (const name of job.objectives) {
    const value = valueOf(name, trial, outcome);
    if (value === undefined) return undefined;
    out.push(metricOf(name).higherIsBetter ? 1 - value : Math.log(value));
  }
  return out;
}

// What bounds the volume, as the service has it.
const noise = 0.01; // of a latency measured twice, as a logarithm
function referenceOf(job: Job, original: Point): Point {
  return original.map((value, i) => {
    const name = job.objectives[i]!;
    if (!metricOf(name).higherIsBetter) return value + noise;
    const floors = job.constraints
      .filter((constraint) => constraint.metric === name && constraint.min !== undefined)
      .map((constraint) => 1 - constraint.min!);
    return Math.max(1 - (1 - value) / 2, ...floors);
  });
}

function keeps(job: Job, target: string, trial: Trial, outcome: Outcome): boolean {
  return job.constraints.every((constraint) => {
    if (constraint.target && constraint.target !== target) return true;
    const value = valueOf(constraint.metric, trial, outcome);
    if (value === undefined) return false;
    return value <= (constraint.max ?? Infinity) && value >= (constraint.min ?? -Infinity);
  });
}

export interface CurvePoint {
  trials: number; // that had ended
  number: number; // the one that did then
  hypervolume: number;
}

// By the order in which trials ended; a point where it grew, and the last.
export function curveOf(job: Job, trials: readonly Trial[], target: string): CurvePoint[] {
  const ended = trials
    .filter((trial) => trial.finished_at)
    .sort((a, b) => (a.finished_at! < b.finished_at! ? -1 : 1));
  let reference: Point | undefined;
  for (const trial of ended) {
    const outcome = trial.outcomes[target];
    if (trial.number !== 1 || !isWhole(outcome)) continue;
    const original = objectivesOf(job, trial, outcome);
    if (original) reference = referenceOf(job, original);
  }
  if (!reference) return [];
  let front: Point[] = [];
  let volume = 0;
  const curve: CurvePoint[] = [];
  ended.forEach((trial, i) => {
    const outcome = trial.outcomes[target];
    const point =
      isWhole(outcome) && keeps(job, target, trial, outcome)
        ? objectivesOf(job, trial, outcome)
        : undefined;
    const before = volume;
    if (point && !front.some((other) => other.every((x, k) => x <= point[k]!))) {
      front = [...front.filter((other) => !dominates(point, other)), point];
      volume = hypervolume(front, reference);
    }
    if (volume > before || i === ended.length - 1 || curve.length === 0) {
      curve.push({ trials: i + 1, number: trial.number, hypervolume: volume });
    }
  });
  return curve;
}

// The share of the whole that came with the last tenth of the trials.
export function lateShare(curve: readonly CurvePoint[]): number | undefined {
  const last = curve.at(-1);
  if (!last || !(last.hypervolume > 0) || last.trials < 10) return undefined;
  const then = last.trials - Math.max(1, Math.round(last.trials / 10));
  const before = curve.findLast((point) => point.trials <= then);
  return (last.hypervolume - (before?.hypervolume ?? 0)) / last.hypervolume;
}
