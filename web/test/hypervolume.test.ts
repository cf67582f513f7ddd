import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, Trial } from '../src/api/types.ts';
import { curveOf, dominates, hypervolume, lateShare } from '../src/domain/hypervolume.ts';

function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

test('two boxes that overlap are counted once where they do', () => {
  assert.equal(
    hypervolume(
      [
        [0, 0.5],
        [0.5, 0],
      ],
      [1, 1],
    ),
    0.75,
  );
  assert.equal(hypervolume([[0.5]], [2]), 1.5);
  assert.equal(hypervolume([[2, 2]], [1, 1]), 0);
  assert.equal(hypervolume([], [1, 1]), 0);
});

test('in any number of dimensions it is what counting points says', () => {
  const random = randoms(3);
  for (const axes of [1, 2, 3, 4]) {
    const points = Array.from({ length: 6 }, () => Array.from({ length: axes }, random));
    const reference = Array.from({ length: axes }, () => 1);
    let inside = 0;
    const draws = 40_000;
    for (let i = 0; i < draws; ++i) {
      const at = Array.from({ length: axes }, random);
      if (points.some((point) => point.every((x, k) => x <= at[k]!))) ++inside;
    }
    const volume = hypervolume(points, reference);
    assert.ok(Math.abs(volume - inside / draws) < 0.015, `${axes}: ${volume}, ${inside / draws}`);
  }
});

test('a beaten point adds nothing', () => {
  const random = randoms(5);
  for (let i = 0; i < 200; ++i) {
    const points = Array.from({ length: 5 }, () => [random(), random(), random()]);
    const worse = points[0]!.map((x) => x + 0.1 * random());
    assert.ok(dominates(points[0]!, worse));
    const volume = hypervolume(points, [1, 1, 1]);
    assert.ok(Math.abs(hypervolume([...points, worse], [1, 1, 1]) - volume) < 1e-12);
  }
});

function trial(number: number, map: number, ms: number, second: number): Trial {
  const time = `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;
  return {
    ...{ number, plan_sha256: '', state: 'finished', origin: 'seed', created_at: time },
    ...{ finished_at: time, outcomes: { x: { map_50_95: map, latency_ms: ms, images: 1 } } },
  };
}

const job = { objectives: ['map_50_95', 'latency_ms'], constraints: [] } as unknown as Job;

test('a curve follows the order in which trials ended, and never falls', () => {
  const trials = [
    trial(1, 0.4, 10, 3),
    trial(2, 0.38, 5, 1),
    trial(3, 0.1, 1, 2),
    trial(4, 0.39, 4, 9),
  ];
  const curve = curveOf(job, trials, 'x');
  assert.deepEqual(
    curve.map((point) => point.number),
    [2, 1, 4],
  );
  for (let i = 1; i < curve.length; ++i) {
    assert.ok(curve[i]!.hypervolume >= curve[i - 1]!.hypervolume);
  }
  // Half the accuracy at 0.01 over the logarithm of the latency bounds it.
  const reference = [0.8, Math.log(10) + 0.01];
  const points = trials.map((one) => [
    1 - one.outcomes['x']!.map_50_95!,
    Math.log(one.outcomes['x']!.latency_ms!),
  ]);
  assert.ok(Math.abs(curve.at(-1)!.hypervolume - hypervolume(points, reference)) < 1e-12);
});

test('without an original there is nothing to measure against', () => {
  assert.deepEqual(curveOf(job, [trial(2, 0.4, 10, 1)], 'x'), []);
});

test('what the last tenth brought is a share of the whole', () => {
  const curve = [
    { trials: 1, number: 1, hypervolume: 0.5 },
    { trials: 20, number: 20, hypervolume: 1 },
  ];
  assert.equal(lateShare(curve), 0.5);
  assert.equal(lateShare(curve.slice(0, 1)), undefined);
});
