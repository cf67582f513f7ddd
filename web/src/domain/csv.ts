// Tables for other programs: one row a trial, numbers as they are stored, units in the names.
import type { Trial } from '../api/types.ts';
import { fateOf } from './metrics.ts';

type Cell = string | number | undefined;

function quoted(cell: Cell): string {
  const text = cell === undefined ? '' : String(cell);
  // What a spreadsheet would take for a formula is text here.
  const plain = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export function csvOf(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';
}

// One row a trial and target.
export function trialsCsv(trials: readonly Trial[], targets: readonly string[]): string {
  const header = [
    ...['trial', 'target', 'state', 'latency_ms', 'latency_low_ms', 'latency_high_ms', 'map_50_95'],
    ...['map_low', 'map_high', 'map_lost_points', 'images', 'expected_map', 'speedup', 'bytes'],
    ...['macs', 'peak_memory_bytes', 'input_height', 'input_width', 'precision', 'plan_sha256'],
    ...['candidate_sha256', 'description', 'reason'],
  ];
  const rows = trials.flatMap((trial) =>
    targets.map((target): Cell[] => {
      const on = trial.outcomes[target] ?? {};
      return [
        ...[trial.number, target, fateOf(trial, target), on.latency_ms, on.latency_low_ms],
        ...[on.latency_high_ms, on.map_50_95, on.map_low, on.map_high, on.map_lost, on.images],
        ...[on.expected_map, on.speedup, trial.bytes, trial.macs, on.peak_memory_bytes],
        ...[trial.input?.[0], trial.input?.[1], trial.precision, trial.plan_sha256],
        ...[trial.candidate_sha256, trial.description, trial.reason ?? on.infeasible],
      ];
    }),
  );
  return csvOf(header, rows);
}
