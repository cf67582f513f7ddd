// What a job is about, in words.
import type { Job, JobState } from '../api/types.ts';
import * as format from '../format.ts';

export function isFinal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

// What accuracies are scored against, for whoever reads a number.
export function mapName(labels: string | undefined): string {
  if (labels === 'teacher') return 'teacher mAP';
  if (labels === 'raw_outputs') return 'agreement';
  return 'mAP';
}

// One sentence on what goes on.
export function newsOf(job: Job, running: number): string {
  const doing = (job.under_way ?? [])
    .map((one) => {
      const what = one.message || `${format.percent(one.progress)} done`;
      return `${one.trial === undefined ? one.kind : `${one.kind} of trial ${one.trial}`}: ${what}`;
    })
    .join(' · ');
  switch (job.state) {
    case 'queued':
      return 'Waits for its turn.';
    case 'preparing':
      return doing ? `Preparing. ${doing}` : 'Preparing: statistics and checks of the targets.';
    case 'searching':
      return `${format.plural(running, 'trial')} under way${job.seconds_left === undefined ? '' : `, about ${format.duration(job.seconds_left)} left`}.`;
    case 'finishing':
      return doing ? `Finishing. ${doing}` : 'Finishing: the fronts are measured once more.';
    case 'paused':
      return 'Paused: what was measured stays, and time stands still for its budget.';
    default:
      return '';
  }
}

const words: Record<string, string> = {
  map_50_95: 'mAP 50–95',
  map_50: 'mAP 50',
  latency_ms: 'latency',
  bytes: 'size',
  peak_memory_bytes: 'peak memory',
};

export function metricWords(metric: string): string {
  return metric.startsWith('class:') ? `AP of ${metric.slice(6)}` : (words[metric] ?? metric);
}

export function goalOf(job: Job): string {
  const aims = job.objectives.map(metricWords).join(' against ');
  const bounds = job.constraints.map((constraint) => {
    const sides = [
      constraint.min === undefined ? '' : `at least ${constraint.min}`,
      constraint.max === undefined ? '' : `at most ${constraint.max}`,
    ].filter(Boolean);
    const where = constraint.target ? ` on ${constraint.target}` : '';
    return `${metricWords(constraint.metric)} ${sides.join(', ')}${where}`;
  });
  return [aims, ...bounds].join('; ');
}

// The page of a plan, as the job saw it; `target` empty: on none in particular.
export function planAddress(job: Job, member: { plan_sha256: string }, target: string): string {
  const where = target ? `&target=${encodeURIComponent(target)}` : '';
  return `/plans/${format.short(member.plan_sha256)}?job=${job.id}${where}`;
}
