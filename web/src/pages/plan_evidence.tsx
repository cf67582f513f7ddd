// Why a latency can be believed, or not: every sample, the canary beside it, and what ran there.
import type { ComponentChildren } from 'preact';
import { useLive } from '../api/live.ts';
import type { PlanTrial, Samples } from '../api/types.ts';
import { SamplesChart } from '../charts/samples_chart.tsx';
import * as format from '../format.ts';
import { Card, Facts, Skeleton, Trouble } from '../ui/parts.tsx';

type Measured = PlanTrial['outcomes'][string];
type Around = NonNullable<NonNullable<Measured['measurement']>['evidence']['before']>;

export function Evidence({ trial }: { trial: PlanTrial }) {
  const targets = Object.entries(trial.outcomes).filter(
    ([, outcome]) => outcome.latency_ms !== undefined,
  );
  if (targets.length === 0) return <p class="muted">Nothing was timed.</p>;
  return (
    <>
      {targets.map(([target, outcome]) => (
        <OnTarget key={target} trial={trial} target={target} outcome={outcome} />
      ))}
    </>
  );
}

const around = (one: Around | undefined): string =>
  [
    one?.frequency_mhz !== undefined && `${Math.round(one.frequency_mhz)} MHz`,
    one?.temperature_celsius !== undefined && `${one.temperature_celsius} °C`,
    one?.load_average !== undefined && `load ${one.load_average}`,
  ]
    .filter(Boolean)
    .join(', ') || format.missing;

function factsOf(outcome: Measured): [string, ComponentChildren][] {
  const { measurement } = outcome;
  const evidence = measurement?.evidence;
  const canary = measurement?.canary;
  const facts: [string, ComponentChildren][] = [
    [
      'Median',
      `${format.milliseconds(outcome.latency_ms)} ${format.latencyInterval(outcome.latency_low_ms, outcome.latency_high_ms)}`,
    ],
    ['90th percentile', format.milliseconds(measurement?.p90_ms ?? undefined)],
    ['Loaded in', format.milliseconds(measurement?.load_ms)],
    ['Peak memory', format.bytes(outcome.peak_memory_bytes)],
    [
      'Canary',
      canary
        ? `${format.milliseconds(canary.before_ms)} before, ${format.milliseconds(canary.after_ms)} after`
        : format.missing,
    ],
    ['Machine before', around(evidence?.before)],
    ['Machine after', around(evidence?.after)],
    ['Processor', evidence?.cpu_model ?? format.missing],
    ['Threads', evidence?.threads ?? format.missing],
    [
      'Versions',
      Object.entries(evidence?.versions ?? {})
        .map(([name, version]) => `${name} ${version}`)
        .join(', ') || format.missing,
    ],
    [
      'Settings',
      Object.entries(evidence?.settings ?? {})
        .map(([name, value]) => `${name} ${value}`)
        .join(', ') || format.missing,
    ],
    [
      'Warm-up',
      evidence?.warmup_runs === undefined
        ? format.missing
        : `${format.plural(evidence.warmup_runs, 'run')}${evidence.stationary === false ? ', not steady then' : ''}`,
    ],
  ];
  if (outcome.first_latency_ms !== undefined) {
    facts.splice(1, 0, ['First measured', format.milliseconds(outcome.first_latency_ms)]);
  }
  return facts;
}

function OnTarget(props: { trial: PlanTrial; target: string; outcome: Measured }) {
  const { trial, target, outcome } = props;
  const live = useLive<Samples>(
    `/v1/jobs/${trial.job}/trials/${trial.number}/samples/${encodeURIComponent(target)}`,
  );
  return (
    <Card title={target} aside={format.plural(outcome.samples ?? 0, 'sample')}>
      {outcome.latency_suspect && <p class="note warn">{outcome.latency_suspect}</p>}
      <div class="columns">
        <div>
          {live.problem && <Trouble problem={live.problem} again={live.refresh} />}
          {!live.data && !live.problem && <Skeleton lines={5} />}
          {live.data && (
            <>
              <SamplesChart
                samples={live.data.samples_ms}
                median={outcome.latency_ms!}
                low={outcome.latency_low_ms ?? outcome.latency_ms!}
                high={outcome.latency_high_ms ?? outcome.latency_ms!}
              />
              <p class="muted">
                In the order they were taken; the line is the median, the band its 95 % interval.
                The slowest hundredth is cut off.
              </p>
            </>
          )}
        </div>
        <Facts of={factsOf(outcome)} />
      </div>
    </Card>
  );
}
