import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, numberIn, routeOf } from '../src/router.ts';

test('an address is a page, or nowhere', () => {
  assert.deepEqual(routeOf('/'), { page: 'jobs', id: '' });
  assert.deepEqual(routeOf('/jobs/31'), { page: 'job', id: '31' });
  assert.deepEqual(routeOf('/models/a%2Bb'), { page: 'model', id: 'a+b' });
  assert.deepEqual(routeOf('/plans/0f67a3b052/'), { page: 'plan', id: '0f67a3b052' });
  for (const path of ['/nothing', '/jobs/1/2', '/fleet/1', '/plans', '/v1/jobs']) {
    assert.equal(routeOf(path).page, 'nowhere', path);
  }
});

test('a choice changes its own name in the address, and an empty one leaves it', () => {
  const query = new URLSearchParams('target=x&ms=3');
  assert.equal(changed(query, { ms: 4 }), '?target=x&ms=4');
  assert.equal(changed(query, { ms: null, target: '' }), '');
  assert.equal(query.toString(), 'target=x&ms=3');
});

test('what is no number is none', () => {
  const query = new URLSearchParams('a=1.5&b=x&c=&d=Infinity');
  assert.equal(numberIn(query, 'a'), 1.5);
  for (const name of ['b', 'c', 'd', 'e']) assert.equal(numberIn(query, name), undefined, name);
});
