import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lackingIn, type Result, verdictWords } from '../src/domain/verdict.ts';

function result(
  latency: Result['latency']['verdict'],
  accuracy: Result['accuracy']['verdict'],
  delta: number,
  half: number,
): Result {
  return {
    latency: { ratio: 0.9, low: 0.8, high: 1.05, blocks: 30, verdict: latency },
    accuracy: { delta, low: delta - half, high: delta + half, images: 100, verdict: accuracy },
    ...{ verdict: 'INCONCLUSIVE', sentence: '' },
  };
}

test('what is decided lacks nothing', () => {
  assert.deepEqual(lackingIn(result('FASTER', 'NOT_WORSE', 0, 0.001), 0.03, 0.005), []);
});

test('images are asked for by the square of how far the interval is too wide', () => {
  // 0.010 wide, 0.005 of room: four times as many.
  const [sentence] = lackingIn(result('FASTER', 'INCONCLUSIVE', 0, 0.01), 0.03, 0.005);
  assert.match(sentence!, /About 4 times as many images as the 100/);
  const [never] = lackingIn(result('FASTER', 'INCONCLUSIVE', -0.005, 0.01), 0.03, 0.005);
  assert.match(never!, /hardly decide/);
});

test('a latency without a verdict says between what it lies', () => {
  const [sentence] = lackingIn(result('INCONCLUSIVE', 'NOT_WORSE', 0, 0.001), 0.03, 0.005);
  assert.match(sentence!, /between 0.800 and 1.050/);
});

test('every verdict of the service has its words', () => {
  for (const verdict of ['BETTER', 'NOT_BETTER', 'INCONCLUSIVE']) {
    assert.notEqual(verdictWords(verdict), verdict);
  }
});
