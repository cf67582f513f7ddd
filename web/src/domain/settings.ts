// What the trials of a job chose, setting by setting: how many chose what, and what came of it.
import type { Trial } from '../api/types.ts';
import { isWhole } from './metrics.ts';

export interface Setting {
  key: string;
  label: string;
  of: (trial: Trial, original: Trial | undefined) => string | undefined;
}

function share(part: number, whole: number, step: number): string {
  const lower = Math.min(100 - step, Math.floor((100 * part) / whole / step) * step);
  return `${lower}–${lower + step} %`;
}

export const settings: Setting[] = [
  { key: 'input', label: 'Input', of: (t) => t.input && `${t.input[1]}×${t.input[0]}` },
  { key: 'precision', label: 'Precision', of: (t) => t.precision },
  {
    key: 'macs',
    label: 'MACs removed',
    of: (t, original) => {
      if (!t.macs || !original?.macs) return undefined;
      const removed = Math.max(0, 1 - t.macs / original.macs);
      return removed === 0 ? 'none' : share(removed, 1, 20);
    },
  },
  {
    key: 'groups',
    label: 'Groups narrower',
    of: (t) => {
      const n = t.narrower_groups;
      if (n === undefined) return undefined;
      if (n === 0) return 'none';
      return n <= 5 ? '1–5' : n <= 15 ? '6–15' : n <= 30 ? '16–30' : 'over 30';
    },
  },
  {
    key: 'blocks',
    label: 'Blocks skipped',
    of: (t) => (t.skipped_blocks === undefined ? undefined : String(t.skipped_blocks)),
  },
  {
    key: 'floats',
    label: 'Layers kept in float',
    of: (t) => {
      if (!t.precision?.includes('int8') || t.float_layers === undefined) return undefined;
      const n = t.float_layers;
      return n === 0 ? 'none' : n <= 5 ? '1–5' : n <= 15 ? '6–15' : 'over 15';
    },
  },
  { key: 'weights', label: 'Weights', of: (t) => t.weights },
];

export interface Bin {
  value: string;
  trials: number; // of all
  shown: number; // of those that pass the other filters
  map: number | undefined; // medians of those shown, on a target
  ms: number | undefined;
}

function median(values: number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export type Filters = ReadonlyMap<string, string>;

export function filtersIn(text: string | null): Map<string, string> {
  const out = new Map<string, string>();
  for (const one of (text ?? '').split(',')) {
    const colon = one.indexOf(':');
    if (colon > 0) out.set(one.slice(0, colon), one.slice(colon + 1));
  }
  return out;
}

export function filtersText(filters: Filters): string {
  return [...filters].map(([key, value]) => `${key}:${value}`).join(',');
}

export function passes(
  trial: Trial,
  filters: Filters,
  original: Trial | undefined,
  but?: string,
): boolean {
  for (const setting of settings) {
    const wanted = filters.get(setting.key);
    if (wanted === undefined || setting.key === but) continue;
    if (setting.of(trial, original) !== wanted) return false;
  }
  return true;
}

const order = (value: string): number =>
  value === 'none' ? -1 : value.startsWith('over') ? 1e9 : Number.parseFloat(value);

export function binsOf(
  setting: Setting,
  trials: readonly Trial[],
  filters: Filters,
  target: string,
): Bin[] {
  const original = trials.find((trial) => trial.number === 1);
  const by = new Map<string, { all: number; shown: Trial[] }>();
  for (const trial of trials) {
    const value = setting.of(trial, original);
    if (value === undefined) continue;
    const bin = by.get(value) ?? { all: 0, shown: [] };
    bin.all += 1;
    if (passes(trial, filters, original, setting.key)) bin.shown.push(trial);
    by.set(value, bin);
  }
  const bins = [...by].map(([value, bin]): Bin => {
    const whole = bin.shown.map((trial) => trial.outcomes[target]).filter(isWhole);
    return {
      value,
      trials: bin.all,
      shown: bin.shown.length,
      map: median(whole.map((outcome) => outcome.map_50_95!)),
      ms: median(whole.map((outcome) => outcome.latency_ms!)),
    };
  });
  return bins.sort((a, b) => {
    const [x, y] = [order(a.value), order(b.value)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.value.localeCompare(b.value) : x - y;
  });
}
