// The trials of a job, all of them once and then what changed: new ones by their numbers, outcomes
// by the job's revision.
import { useRef, useState } from 'preact/hooks';
import { get } from './client.ts';
import { type Live, usePolled } from './live.ts';
import type { Job, Page, Trial } from './types.ts';

interface Kept {
  job: number;
  trials: Trial[]; // by number
  revision: number;
}

function merged(trials: Trial[], news: readonly Trial[]): Trial[] {
  if (news.length === 0) return trials;
  const by = new Map(trials.map((trial) => [trial.number, trial]));
  for (const trial of news) by.set(trial.number, trial);
  return [...by.values()].sort((a, b) => a.number - b.number);
}

const mostAlone = 12;

// Each page is kept as it comes: whoever is interrupted goes on from there.
async function update(
  kept: Kept,
  job: Job,
  keep: (kept: Kept) => void,
  signal: AbortSignal,
): Promise<Kept> {
  const path = `/v1/jobs/${job.id}/trials/summaries`;
  let now = kept.trials.length === 0 ? { ...kept, revision: job.revision } : kept;
  // Those that were not at their end when they were read: few, for they are what workers do now.
  const open = now.trials.filter((trial) => trial.state === 'running');
  const few = open.length <= mostAlone;
  for (const { number } of few ? open : []) {
    const page: Page<Trial> = await get(`${path}?limit=1&cursor=${number - 1}`, signal);
    now = { ...now, trials: merged(now.trials, page.items) };
  }
  let at: number | undefined = few ? (now.trials.at(-1)?.number ?? 0) : open[0]!.number - 1;
  while (at !== undefined) {
    const page: Page<Trial> = await get(`${path}?limit=1000&cursor=${at}`, signal);
    now = { ...now, trials: merged(now.trials, page.items) };
    keep(now);
    at = page.next === undefined ? undefined : Number(page.next);
  }
  while (now.revision < job.revision) {
    const changed = await get<{ items: Trial[]; revision: number }>(
      `${path}?since=${now.revision}&limit=1000`,
      signal,
    );
    if (changed.revision <= now.revision) break;
    now = { ...now, trials: merged(now.trials, changed.items), revision: changed.revision };
    keep(now);
  }
  return now;
}

// Charts of thousands are not drawn again with each page that comes.
const betweenDrawings = 1500;

export function useTrials(job: Job | undefined): Live<Trial[]> {
  const kept = useRef<Kept | null>(null);
  const [, draw] = useState(0);
  const drawn = useRef(0);
  // Whatever may have changed the trials changes this.
  const at = job
    ? `${job.id} ${job.revision} ${job.state} ${job.trials.asked} ${job.trials.finished} ${job.trials.failed}`
    : '';
  const live = usePolled<Trial[]>(
    job
      ? async (signal) => {
          const before = kept.current;
          const start = before?.job === job.id ? before : { job: job.id, trials: [], revision: 0 };
          const keep = (news: Kept): void => {
            kept.current = news;
            if (Date.now() - drawn.current < betweenDrawings) return;
            drawn.current = Date.now();
            draw((n) => n + 1);
          };
          return (await update(start, job, keep, signal)).trials;
        }
      : null,
    at,
    0,
  );
  // Of thousands, those are shown that have come.
  const last = kept.current;
  return { ...live, data: last && last.job === job?.id ? last.trials : live.data };
}
