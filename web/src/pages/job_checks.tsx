// What the reality check of each target found before the search.
import { useLive } from '../api/live.ts';
import type { Check, Job } from '../api/types.ts';
import { isFinal } from '../domain/job.ts';
import * as format from '../format.ts';
import { Card } from '../ui/parts.tsx';

export function Checks({ job }: { job: Job }) {
  const preparing = !isFinal(job.state) && job.trials.finished === 0;
  const checks = useLive<{ items: Check[] }>(`/v1/jobs/${job.id}/checks`, preparing ? 4000 : 0);
  const items = checks.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Card
      title="Checks of the targets"
      aside={<span class="muted">what int8 and kernels are worth there</span>}
    >
      <div class="columns">
        {items.map((check) => {
          const findings = (check.result?.['findings'] as string[] | undefined) ?? [];
          const avoided = (check.result?.['avoid'] as unknown[] | undefined)?.length ?? 0;
          return (
            <div key={check.target}>
              <h3>{check.target}</h3>
              {check.reason && <p class="warn-text">{check.reason}</p>}
              <ul class="plain">
                {findings.map((finding) => (
                  <li key={finding}>{finding}</li>
                ))}
              </ul>
              <p class="muted">
                {avoided === 0
                  ? 'Nothing is kept out of the search.'
                  : `${format.plural(avoided, 'rule')} keep settings out of the search.`}{' '}
                Measured {format.clock(check.measured_at)}
                {check.measured_by !== job.id && (
                  <>
                    {' '}
                    by <a href={`/jobs/${check.measured_by}`}>job {check.measured_by}</a>
                  </>
                )}
                .
              </p>
            </div>
          );
        })}
      </div>
    </Card>
  );
}
