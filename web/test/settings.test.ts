import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trial } from '../src/api/types.ts';
import { binsOf, filtersIn, filtersText, passes, settings } from '../src/domain/settings.ts';

const trials = [
  [1, 'fp32', 0.4, 10],
  [2, 'int8', 0.3, 4],
  [3, 'int8', 0.2, 6],
].map(([number, precision, map, ms]): Trial => ({
  ...{
    number: number as number,
    precision: precision as string,
    plan_sha256: '',
    state: 'finished',
  },
  ...{ origin: 'seed', created_at: '', macs: 100, input: [256, 256] as [number, number] },
  ...{ outcomes: { x: { map_50_95: map as number, latency_ms: ms as number, images: 1 } } },
}));
const precision = settings.find((one) => one.key === 'precision')!;
const input = settings.find((one) => one.key === 'input')!;

test('bins count all, and tell the medians of those that are shown', () => {
  assert.deepEqual(binsOf(precision, trials, new Map(), 'x'), [
    { value: 'fp32', trials: 1, shown: 1, map: 0.4, ms: 10 },
    { value: 'int8', trials: 2, shown: 2, map: 0.25, ms: 5 },
  ]);
});

test('a filter leaves its own setting whole, and narrows the others', () => {
  const filters = new Map([['precision', 'int8']]);
  assert.equal(binsOf(precision, trials, filters, 'x')[0]!.shown, 1);
  assert.equal(binsOf(input, trials, filters, 'x')[0]!.shown, 2);
  assert.deepEqual(
    trials.filter((one) => passes(one, filters, trials[0])).map((one) => one.number),
    [2, 3],
  );
});

test('filters survive the address', () => {
  const filters = new Map([
    ['precision', 'int8+bf16'],
    ['macs', '20–40 %'],
  ]);
  const query = new URLSearchParams({ f: filtersText(filters) });
  assert.deepEqual(filtersIn(new URLSearchParams(query.toString()).get('f')), filters);
  assert.equal(filtersIn(null).size, 0);
});
