import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '../src/api/types.ts';
import { decide, fits } from '../src/domain/decide.ts';

const mebibyte = 1024 * 1024;

function member(trial: number, ms: number, map: number, mib: number): Member {
  return {
    ...{ trial, latency_ms: ms, latency_low_ms: ms, latency_high_ms: ms, map_50_95: map },
    ...{ map_lost: 50 - 100 * map, bytes: mib * mebibyte, plan_sha256: '', candidate_sha256: '' },
    ...{
      images: 1,
      accuracy_runtime: '',
      latency_confirmed: true,
      on_front: 1,
      peak_memory_bytes: 0,
      macs: 0,
    },
    ...{
      input: [1, 1],
      precision: 'fp32',
      weights: 'original',
      recovered: '',
      speedup: 1,
      description: '',
    },
  };
}

const front = [member(1, 1, 0.3, 3), member(2, 2, 0.4, 1), member(3, 4, 0.49, 2)];

test('the best by the goal among those that keep every limit', () => {
  assert.equal(decide(front, { goal: 'fastest' })?.member.trial, 1);
  assert.equal(decide(front, { goal: 'fastest', map: 35 })?.member.trial, 2);
  assert.equal(decide(front, { goal: 'fastest', lost: 1 })?.member.trial, 3);
  assert.equal(decide(front, { goal: 'fastest', lost: 9.9 })?.member.trial, 3);
  assert.equal(decide(front, { goal: 'fastest', lost: 10 })?.member.trial, 2);
  assert.equal(decide(front, { goal: 'accurate', ms: 3 })?.member.trial, 2);
  assert.equal(decide(front, { goal: 'smallest', map: 45 })?.member.trial, 3);
});

test('a chosen one keeps every limit, whatever they are', () => {
  let state = 7;
  const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < 500; ++i) {
    const many = Array.from({ length: 8 }, (_, k) =>
      member(k, 1 + 9 * random(), random() / 2, 4 * random()),
    );
    const limits = {
      goal: 'fastest' as const,
      ms: 10 * random(),
      map: 50 * random(),
      mib: 4 * random(),
    };
    const decision = decide(many, limits)!;
    assert.equal(
      decision.misses.length === 0,
      many.some((one) => fits(one, limits)),
    );
    if (decision.misses.length > 0) continue;
    assert.ok(fits(decision.member, limits));
    for (const other of many) {
      if (fits(other, limits)) assert.ok(decision.member.latency_ms <= other.latency_ms);
    }
  }
});

test('where nothing fits, the nearest is said with what it misses', () => {
  const decision = decide(front, { goal: 'fastest', map: 48, ms: 3.9 })!;
  assert.equal(decision.member.trial, 3);
  assert.deepEqual(decision.misses, ['takes 4.00 ms instead of 3.9 ms']);
  assert.equal(decide([], { goal: 'fastest' }), undefined);
});
