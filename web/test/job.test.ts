import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../src/api/types.ts';
import { mapName, planAddress } from '../src/domain/job.ts';

test('an accuracy is called by what it was scored against, as the service names that', () => {
  assert.equal(mapName('ground_truth'), 'mAP');
  assert.equal(mapName('teacher'), 'teacher mAP');
  assert.equal(mapName('raw_outputs'), 'agreement');
  assert.equal(mapName(undefined), 'mAP');
});

test('the page of a plan knows the job, and the target where it is one', () => {
  const job = { id: 7 } as Job;
  const member = { plan_sha256: '0123456789abcdef' };
  assert.equal(planAddress(job, member, 'x86 a'), '/plans/0123456789?job=7&target=x86%20a');
  assert.equal(planAddress(job, member, ''), '/plans/0123456789?job=7');
});
