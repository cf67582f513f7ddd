// What a trial reached, by the name of a metric; how each is shown.
import * as format from '../format.ts';
import type { Outcome, Trial } from '../api/types.ts';

export interface Metric {
  name: string; // as the API calls it
  label: string;
  unit: string;
  higherIsBetter: boolean;
  logarithmic: boolean;
  scale: number; // what is shown is this many times what is stored
  show: (stored: number) => string;
}

const accuracyLabels: Record<string, string> = {
  map_50_95: 'mAP 50–95',
  map_50: 'mAP 50',
  map_small: 'mAP, small',
  map_medium: 'mAP, medium',
  map_large: 'mAP, large',
};

export function metricOf(name: string): Metric {
  switch (name) {
    case 'latency_ms':
      return {
        ...{ name, label: 'Latency', unit: 'ms', higherIsBetter: false, logarithmic: true },
        ...{ scale: 1, show: format.milliseconds },
      };
    case 'bytes':
      return {
        ...{ name, label: 'Size', unit: 'MiB', higherIsBetter: false, logarithmic: true },
        ...{ scale: 1 / 1024 / 1024, show: format.bytes },
      };
    case 'peak_memory_bytes':
      return {
        ...{ name, label: 'Peak memory', unit: 'MiB', higherIsBetter: false, logarithmic: true },
        ...{ scale: 1 / 1024 / 1024, show: format.bytes },
      };
    case 'macs':
      return {
        ...{ name, label: 'MACs', unit: 'M', higherIsBetter: false, logarithmic: true },
        ...{ scale: 1e-6, show: format.count },
      };
    default: {
      const label = name.startsWith('class:')
        ? `AP of ${name.slice('class:'.length)}`
        : (accuracyLabels[name] ?? name);
      return {
        ...{ name, label, unit: 'points', higherIsBetter: true, logarithmic: false },
        ...{ scale: 100, show: (stored: number) => format.points(stored) },
      };
    }
  }
}

// What can be an axis: the objectives first, then what every trial has.
export function axesOf(objectives: readonly string[]): string[] {
  const common = ['map_50_95', 'latency_ms', 'bytes', 'macs', 'peak_memory_bytes'];
  return [...new Set([...objectives, ...common])];
}

interface Sized {
  bytes?: number | undefined;
  macs?: number | undefined;
}

export function valueOf(
  metric: string,
  trial: Sized,
  outcome: Partial<Outcome>,
): number | undefined {
  switch (metric) {
    case 'bytes':
      return trial.bytes;
    case 'macs':
      return trial.macs;
    case 'latency_ms':
      return outcome.latency_ms;
    case 'peak_memory_bytes':
      return outcome.peak_memory_bytes;
    case 'map_50_95':
      return outcome.expected_map ?? outcome.map_50_95;
    default:
      return outcome.figures?.[metric];
  }
}

// Measured on all images of the choice, so that it may be on a front.
export function isWhole(outcome: Outcome | undefined): outcome is Outcome {
  return (
    outcome !== undefined &&
    outcome.infeasible === undefined &&
    outcome.expected_map === undefined &&
    outcome.map_50_95 !== undefined &&
    outcome.latency_ms !== undefined
  );
}

// What became of a trial on a target, in words that a table can be sorted by.
export function fateOf(trial: Trial, target: string): string {
  const outcome = trial.outcomes[target];
  if (trial.state === 'failed') return 'failed';
  if (outcome?.infeasible !== undefined) return 'infeasible';
  if (outcome?.expected_map !== undefined) return 'stopped early';
  if (isWhole(outcome)) return 'measured';
  return trial.state === 'running' ? 'under way' : 'not measured';
}
