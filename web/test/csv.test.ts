import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trial } from '../src/api/types.ts';
import { csvOf, trialsCsv } from '../src/domain/csv.ts';

test('what has commas, quotes or line ends is quoted, and nothing is a formula', () => {
  assert.equal(csvOf(['a', 'b'], [['x,y', 'say "z"']]), 'a,b\r\n"x,y","say ""z"""\r\n');
  assert.equal(csvOf(['a'], [['=1+1'], [-1.5], [undefined]]), "a\r\n'=1+1\r\n-1.5\r\n\r\n");
});

test('a trial has a row on each target, with as many cells as the header', () => {
  const trial: Trial = {
    ...{ number: 3, plan_sha256: 'p', state: 'finished', origin: 'seed', created_at: '' },
    outcomes: {
      x: { latency_ms: 1.25, map_50_95: 0.5, images: 4 },
      y: { infeasible: 'no, never' },
    },
  };
  const [header, x, y] = trialsCsv([trial], ['x', 'y']).split('\r\n');
  assert.equal(x!.split(',').length, header!.split(',').length);
  assert.match(x!, /^3,x,measured,1.25,/);
  assert.match(y!, /^3,y,infeasible,.*"no, never"$/);
});
