import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allPrecisions,
  commandOf,
  documentOf,
  type Draft,
  missingIn,
} from '../src/domain/draft.ts';

const draft: Draft = {
  ...{ model: 'm', dataset: 'd', targets: ['x'], aim: 'trade', points: undefined, ms: undefined },
  ...{ className: '', worst: false, trials: 60, minutes: undefined, stagnation: undefined },
  ...{ from: undefined, precisions: allPrecisions, seed: 1 },
};

test('a plain job says no more than it has to', () => {
  assert.deepEqual(documentOf(draft), {
    model: 'm',
    dataset: 'd',
    targets: ['x'],
    budget: { trials: 60 },
  });
  assert.equal(commandOf(draft), 'pare submit --model m --dataset d --target x --trials 60');
  assert.equal(missingIn(draft), undefined);
});

test('a goal in words is an objective and a bound', () => {
  const fastest = { ...draft, aim: 'fastest', points: 36 };
  assert.deepEqual(documentOf(fastest).objectives, ['latency_ms']);
  assert.deepEqual(documentOf(fastest).constraints, [{ metric: 'map_50_95', min: 0.36 }]);
  assert.match(commandOf(fastest), /--objective latency_ms --min map_50_95=0.36/);
  assert.deepEqual(documentOf({ ...draft, aim: 'accurate', ms: 12 }).constraints, [
    { metric: 'latency_ms', max: 12 },
  ]);
  assert.deepEqual(documentOf({ ...draft, aim: 'class', className: 'crack' }).objectives, [
    'class:crack',
    'latency_ms',
  ]);
});

test('one front over all targets needs several', () => {
  assert.equal(documentOf({ ...draft, worst: true }).across, undefined);
  assert.equal(documentOf({ ...draft, worst: true, targets: ['x', 'y'] }).across, 'worst');
});

test('what is missing is said in turn', () => {
  assert.match(missingIn({ ...draft, model: '' })!, /model/);
  assert.match(missingIn({ ...draft, targets: [] })!, /target/);
  assert.match(missingIn({ ...draft, aim: 'fastest' })!, /accuracy/);
  assert.match(missingIn({ ...draft, aim: 'class' })!, /class/);
});
