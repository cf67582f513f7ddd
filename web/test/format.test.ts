import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../src/format.ts';

test('numbers keep three significant digits, whatever their size', () => {
  assert.equal(format.digits(0.5841), '0.584');
  assert.equal(format.digits(1.757), '1.76');
  assert.equal(format.digits(36.14), '36.1');
  assert.equal(format.digits(1204.4), '1204');
  assert.equal(format.digits(0), '0.00');
  assert.equal(format.digits(NaN), format.missing);
});

test('what is not known is a dash, and never zero', () => {
  for (const show of [
    format.milliseconds,
    format.points,
    format.bytes,
    format.count,
    format.times,
  ]) {
    assert.equal(show(undefined), format.missing);
  }
  assert.equal(format.times(0), format.missing);
  assert.equal(format.interval(undefined, 1), '');
});

test('sizes change their unit before they take a fourth digit', () => {
  assert.equal(format.bytes(512), '512 B');
  assert.equal(format.bytes(1024), '1.00 KiB');
  assert.equal(format.bytes(1000 * 1024), '0.98 MiB');
  assert.equal(format.bytes(701.1 * 1024), '701 KiB');
  assert.equal(format.bytes(5 * 1024 ** 4), '5.00 TiB');
});

test('points lost have a minus where there are more than before', () => {
  assert.equal(format.lost(0.104), '0.10');
  assert.equal(format.lost(-0.104), '−0.10');
  assert.equal(format.lost(-0.001), '0.00');
  assert.equal(format.signed(0.104), '+0.10');
  assert.equal(format.interval(-0.44, 0.5), '[−0.4, 0.5]');
});

test('times are told as people tell them', () => {
  assert.equal(format.duration(0.2), 'under 1 s');
  assert.equal(format.duration(59), '59 s');
  assert.equal(format.duration(600), '10 min');
  assert.equal(format.duration(7200), '2.0 h');
  assert.equal(format.ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:02Z')), 'just now');
});
