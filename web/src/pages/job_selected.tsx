// The trial that was picked in a chart: what it is, and why it is where it is.
import type { Job, Trial } from '../api/types.ts';
import { fateOf } from '../domain/metrics.ts';
import { planAddress } from '../domain/job.ts';
import * as format from '../format.ts';
import { choose } from '../router.ts';

interface Props {
  job: Job;
  trial: Trial;
  target: string;
}

export function Selected({ job, trial, target }: Props) {
  return (
    <section class="card selected" aria-label="Selected trial" aria-live="polite">
      <div class="head-row">
        <p class="lead">
          <strong>Trial {trial.number}</strong> {trial.description ?? trial.reason}
        </p>
        <div class="actions">
          <a class="button small" href={planAddress(job, trial, target)}>
            What was changed
          </a>
          <button type="button" class="small quiet" onClick={() => choose({ sel: null })}>
            Clear
          </button>
        </div>
      </div>
      <dl class="on-targets">
        {job.targets.map((name) => {
          const outcome = trial.outcomes[name] ?? {};
          const fate = fateOf(trial, name);
          return (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                {fate === 'infeasible' || fate === 'failed' ? (
                  <span class="bad-text">{outcome.infeasible ?? trial.reason ?? fate}</span>
                ) : (
                  <>
                    {format.milliseconds(outcome.latency_ms)}{' '}
                    <span class="muted">
                      {format.latencyInterval(outcome.latency_low_ms, outcome.latency_high_ms)}
                    </span>
                    {outcome.speedup ? ` · ${format.times(outcome.speedup)}` : ''}
                    {' · '}
                    {outcome.expected_map === undefined
                      ? `mAP ${format.points(outcome.map_50_95)}`
                      : `expected mAP ${format.points(outcome.expected_map)}, scoring stopped after ${outcome.images} images: a faster trial is surely more accurate`}
                    {outcome.map_lost !== undefined && outcome.expected_map === undefined && (
                      <>
                        , lost {format.lost(outcome.map_lost)}{' '}
                        <span class="muted">
                          {format.interval(outcome.map_lost_low, outcome.map_lost_high)}
                        </span>
                      </>
                    )}
                  </>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
