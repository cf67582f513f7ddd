// A job's front and its trials as tables: what the charts show, in numbers.
import { useMemo } from 'preact/hooks';
import type { Job, Member, Outcome, Trial } from '../api/types.ts';
import { save } from '../api/client.ts';
import { trialsCsv } from '../domain/csv.ts';
import { mapName, planAddress } from '../domain/job.ts';
import { fateOf, isWhole } from '../domain/metrics.ts';
import * as format from '../format.ts';
import { choose, usePlace } from '../router.ts';
import { Card } from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

function accuracy(of: { map_50_95?: number; map_low?: number; map_high?: number }) {
  return (
    <>
      {format.points(of.map_50_95)}
      {of.map_low !== undefined && (
        <span class="muted"> {format.interval(100 * of.map_low, 100 * of.map_high!)}</span>
      )}
    </>
  );
}

function latency(of: Partial<Outcome>) {
  return (
    <>
      {of.latency_suspect && (
        <span
          role="img"
          class="warn-text"
          title={of.latency_suspect}
          aria-label="to be taken with care"
        >
          ◌{' '}
        </span>
      )}
      {of.latency_ms === undefined ? format.missing : format.digits(of.latency_ms)}
      {of.latency_low_ms !== undefined && (
        <span class="muted"> {format.latencyInterval(of.latency_low_ms, of.latency_high_ms)}</span>
      )}
    </>
  );
}

function lost(of: { map_lost?: number; map_lost_low?: number; map_lost_high?: number }) {
  if (of.map_lost === undefined) return format.missing;
  const sure = of.map_lost_low !== undefined && of.map_lost_low > 0;
  return (
    <>
      <span class={sure ? 'bad-text' : ''}>{format.lost(of.map_lost)}</span>
      {of.map_lost_low !== undefined && (
        <span class="muted"> {format.interval(of.map_lost_low, of.map_lost_high)}</span>
      )}
    </>
  );
}

interface FrontProps {
  job: Job;
  target: string;
  members: Member[];
  hidden: number;
  original: Member | undefined;
  chosen: number | undefined;
  proposed: number | undefined;
}

export function FrontTable(props: FrontProps) {
  const { job, target } = props;
  const { query } = usePlace();
  const whole = query.get('all') === '1';
  const columns = useMemo(
    (): Column<Member>[] => [
      {
        key: 'plan',
        title: 'Plan',
        cell: (m) => (
          <a href={planAddress(job, m, target)}>
            <code>{format.short(m.plan_sha256)}</code>
          </a>
        ),
      },
      {
        key: 'latency',
        title: 'Latency',
        unit: 'ms',
        right: true,
        sort: (m) => m.latency_ms,
        cell: latency,
      },
      {
        key: 'speedup',
        title: 'Speedup',
        right: true,
        sort: (m) => m.speedup,
        cell: (m) => format.times(m.speedup),
      },
      {
        key: 'map',
        title: mapName(job.labels),
        unit: 'points',
        right: true,
        sort: (m) => m.map_50_95,
        cell: accuracy,
      },
      {
        key: 'lost',
        title: 'Lost',
        unit: 'points',
        right: true,
        wide: true,
        hint: 'Below the original, on the same images',
        sort: (m) => m.map_lost,
        cell: lost,
      },
      {
        key: 'other',
        title: 'Lost on others',
        unit: 'points',
        right: true,
        wide: true,
        hint: 'The same on images that chose nothing',
        sort: (m) => m.held_back?.map_lost,
        cell: (m) => (m.held_back ? lost(m.held_back) : format.missing),
      },
      {
        key: 'sure',
        title: 'Sure',
        right: true,
        wide: true,
        hint: 'The probability that no other trial beats it',
        sort: (m) => m.on_front,
        cell: (m) => format.percent(m.on_front),
      },
      {
        key: 'bytes',
        title: 'Size',
        right: true,
        sort: (m) => m.bytes,
        cell: (m) => format.bytes(m.bytes),
      },
      {
        key: 'what',
        title: 'What it is',
        wide: true,
        class: 'fill',
        cell: (m) => (
          <span title={m.description}>
            {m.trial === props.proposed && <strong class="good-text">proposed · </strong>}
            {m.description}
          </span>
        ),
      },
    ],
    [job.id, job.labels, target, props.proposed],
  );
  return (
    <Card
      title={`The front ${target ? `on ${target}` : 'over all targets'}`}
      class="flush"
      aside={
        (props.hidden > 0 || whole) && (
          <button
            type="button"
            class="small quiet"
            onClick={() => choose({ all: whole ? null : '1' })}
          >
            {whole ? 'Hide what is of no use' : `Show ${props.hidden} that are of no use`}
          </button>
        )
      }
    >
      {props.members.length === 0 ? (
        <p class="pad muted">Nothing is on it yet.</p>
      ) : (
        <Table
          label={`Front ${target}`}
          rows={props.members}
          columns={columns}
          rowKey={(m) => m.plan_sha256}
          order={orderIn(query.get('front'), { key: 'latency', down: false })}
          setOrder={(to) => choose({ front: orderText(to) })}
          marked={(m) => m.trial === props.chosen}
          height={420}
        />
      )}
    </Card>
  );
}

interface TrialsProps {
  job: Job;
  trials: Trial[];
  dimmed: ReadonlySet<number>;
  target: string;
  chosen: number | undefined;
}

function columnsOf(job: Job, target: string): Column<Trial>[] {
  const on = (trial: Trial): Outcome => trial.outcomes[target] ?? {};
  const whole = (trial: Trial): Outcome | undefined => {
    const outcome = trial.outcomes[target];
    return isWhole(outcome) ? outcome : undefined;
  };
  return [
    {
      key: 'number',
      title: 'Trial',
      right: true,
      sort: (t) => t.number,
      cell: (t) => <a href={planAddress(job, t, target)}>{t.number}</a>,
    },
    {
      key: 'fate',
      title: 'State',
      sort: (t) => fateOf(t, target),
      cell: (t) => {
        const fate = fateOf(t, target);
        const why = t.reason ?? on(t).infeasible;
        return (
          <span class={fate === 'failed' || fate === 'infeasible' ? 'bad-text' : ''} title={why}>
            {fate}
          </span>
        );
      },
    },
    {
      key: 'ms',
      title: 'Latency',
      unit: 'ms',
      right: true,
      sort: (t) => on(t).latency_ms,
      cell: (t) => latency(on(t)),
    },
    {
      key: 'tmap',
      title: mapName(job.labels),
      unit: 'points',
      right: true,
      sort: (t) => on(t).expected_map ?? on(t).map_50_95,
      cell: (t) =>
        on(t).expected_map === undefined ? (
          accuracy(on(t))
        ) : (
          <span class="muted" title={`Expected: scoring stopped after ${on(t).images} images`}>
            ≈ {format.points(on(t).expected_map)}
          </span>
        ),
    },
    {
      key: 'tlost',
      title: 'Lost',
      unit: 'points',
      right: true,
      wide: true,
      sort: (t) => whole(t)?.map_lost,
      cell: (t) => lost(whole(t) ?? {}),
    },
    {
      key: 'tsize',
      title: 'Size',
      right: true,
      wide: true,
      sort: (t) => t.bytes,
      cell: (t) => format.bytes(t.bytes),
    },
    {
      key: 'tmacs',
      title: 'MACs',
      right: true,
      wide: true,
      sort: (t) => t.macs,
      cell: (t) => format.count(t.macs),
    },
    {
      key: 'tinput',
      title: 'Input',
      wide: true,
      sort: (t) => (t.input ? t.input[0] * t.input[1] : undefined),
      cell: (t) => format.size(t.input),
    },
    {
      key: 'tprecision',
      title: 'Precision',
      wide: true,
      sort: (t) => t.precision,
      cell: (t) => t.precision ?? format.missing,
    },
    {
      key: 'twhat',
      title: 'What it is',
      wide: true,
      class: 'fill',
      cell: (t) => {
        const why = t.reason ?? on(t).infeasible;
        return why ? (
          <span class="bad-text" title={why}>
            {why}
          </span>
        ) : (
          <span title={t.description}>{t.description}</span>
        );
      },
    },
  ];
}

export function TrialsTable({ job, trials, dimmed, target, chosen }: TrialsProps) {
  const { query } = usePlace();
  const columns = useMemo(() => columnsOf(job, target), [job.id, job.labels, target]);
  const kept = useMemo(
    () => (dimmed.size === 0 ? trials : trials.filter((trial) => !dimmed.has(trial.number))),
    [trials, dimmed],
  );
  const title =
    kept.length === trials.length
      ? `Trials: ${trials.length.toLocaleString('en')}`
      : `Trials: ${kept.length.toLocaleString('en')} of ${trials.length.toLocaleString('en')}`;
  return (
    <Card
      title={title}
      class="flush"
      aside={
        <>
          on {target}{' '}
          <button
            type="button"
            class="small quiet"
            disabled={kept.length === 0}
            onClick={() => save(trialsCsv(kept, job.targets), `job-${job.id}-trials.csv`)}
          >
            Save as CSV
          </button>
        </>
      }
    >
      {trials.length === 0 ? (
        <p class="pad muted">The first is the original; it begins when the job has prepared.</p>
      ) : (
        <Table
          label={`Trials on ${target}`}
          rows={kept}
          columns={columns}
          rowKey={(t) => t.number}
          order={orderIn(query.get('trials'), { key: 'number', down: true })}
          setOrder={(to) => choose({ trials: orderText(to) })}
          marked={(t) => t.number === chosen}
        />
      )}
    </Card>
  );
}
