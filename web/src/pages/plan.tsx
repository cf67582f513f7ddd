// One plan, and the candidate that it makes: what was changed, what that costs layer by layer, and
// how to take it.
import { useMemo } from 'preact/hooks';
import { useLive } from '../api/live.ts';
import type { CandidateView, PlanTrial, PlanView, Report, ReportLayer } from '../api/types.ts';
import { mapName } from '../domain/job.ts';
import * as format from '../format.ts';
import { choose, numberIn, usePlace } from '../router.ts';
import {
  Card,
  Command,
  Download,
  Facts,
  NoPage,
  Select,
  Skeleton,
  Tabs,
  Title,
  Trouble,
} from '../ui/parts.tsx';
import { Evidence } from './plan_evidence.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

// By a plan's digits, or by those of a candidate, which lead to the plan that made it.
export function CandidatePage({ id }: { id: string }) {
  const candidate = useLive<CandidateView>(`/v1/candidates/${encodeURIComponent(id)}`);
  if (candidate.problem)
    return (
      <NoPage
        title={`Plan ${format.short(id)}`}
        problem={candidate.problem}
        again={candidate.refresh}
      />
    );
  if (!candidate.data) return <Skeleton lines={8} />;
  return <PlanPage id={candidate.data.plan_sha256} />;
}

export function PlanPage({ id }: { id: string }) {
  const { query } = usePlace();
  const plan = useLive<PlanView>(`/v1/plans/${encodeURIComponent(id)}`);
  if (plan.problem)
    return (
      <NoPage title={`Plan ${format.short(id)}`} problem={plan.problem} again={plan.refresh} />
    );
  if (!plan.data) {
    return (
      <>
        <Title>Plan {format.short(id)}</Title>
        <Skeleton lines={10} />
      </>
    );
  }
  const wanted = numberIn(query, 'job');
  const trials = plan.data.trials;
  const trial = trials.find((one) => one.job === wanted) ?? trials.at(-1)!;
  return <PlanOf plan={plan.data} trial={trial} />;
}

function PlanOf({ plan, trial }: { plan: PlanView; trial: PlanTrial }) {
  const sha = trial.candidate_sha256;
  const report = useLive<Report>(sha ? `/v1/candidates/${sha}/report?job=${trial.job}` : null);
  const { query } = usePlace();
  const tab = query.get('tab') ?? 'changes';
  const of = report.data;
  const name = `${format.short(plan.sha256)}.onnx`;
  return (
    <>
      <div class="head-row">
        <Title
          sub={
            <>
              {of?.description ?? trial.state} ·{' '}
              <a href={`/jobs/${trial.job}?sel=${trial.number}`}>
                job {trial.job}, trial {trial.number}
              </a>
            </>
          }
        >
          Plan <code>{format.short(plan.sha256)}</code>
        </Title>
        <div class="actions">
          {sha && (
            <Download path={`/v1/candidates/${sha}/file`} name={name}>
              Download {format.bytes(trial.bytes)}
            </Download>
          )}
          {trial.number !== 1 && (
            <a
              class="button"
              href={`/comparisons?job=${trial.job}&b=${format.short(plan.sha256)}${query.get('target') ? `&target=${encodeURIComponent(query.get('target')!)}` : ''}`}
            >
              Compare with the original
            </a>
          )}
        </div>
      </div>
      {trial.reason && <p class="note warn">{trial.reason}</p>}
      <Results trial={trial} report={of} />
      {!sha && <p class="note">No candidate was built from it: there is nothing to download.</p>}
      {report.problem && <Trouble problem={report.problem} again={report.refresh} />}
      {sha && !of && !report.problem && <Skeleton lines={8} />}
      {of && (
        <>
          <Tabs
            label="What to see of the plan"
            tabs={[
              ['changes', 'What was changed'],
              ['layers', 'Layers'],
              ['classes', 'Accuracies'],
              ['evidence', 'Evidence'],
              ['use', 'How to use it'],
            ]}
            chosen={tab}
            choose={(to) => choose({ tab: to === 'changes' ? null : to })}
          />
          <div role="tabpanel" aria-label={tab}>
            {tab === 'changes' && <Changes report={of} />}
            {tab === 'layers' && <Layers report={of} />}
            {tab === 'classes' && <Accuracies trial={trial} report={of} />}
            {tab === 'evidence' && <Evidence trial={trial} />}
            {tab === 'use' && <Use plan={plan} trial={trial} report={of} />}
          </div>
          {of.unknown.length > 0 && (
            <Card title="Not known">
              <ul class="plain">
                {of.unknown.map((sentence) => (
                  <li key={sentence}>{sentence}</li>
                ))}
              </ul>
            </Card>
          )}
        </>
      )}
    </>
  );
}

function Results({ trial, report }: { trial: PlanTrial; report: Report | undefined }) {
  const targets = report?.targets ?? [];
  return (
    <div class="columns">
      {Object.keys(trial.outcomes).map((target) => {
        const outcome = trial.outcomes[target]!;
        const said = targets.find((one) => one.target === target);
        if (outcome.infeasible !== undefined) {
          return (
            <Card key={target} title={target}>
              <p class="bad-text">Does not work there: {outcome.infeasible}</p>
            </Card>
          );
        }
        const low = said?.map_low;
        return (
          <Card
            key={target}
            title={target}
            aside={<strong class="number">{format.times(said?.speedup)}</strong>}
          >
            <Facts
              of={[
                [
                  'Latency',
                  <>
                    {format.milliseconds(outcome.latency_ms)}{' '}
                    <span class="muted">
                      {format.latencyInterval(outcome.latency_low_ms, outcome.latency_high_ms)}{' '}
                      {outcome.samples !== undefined && format.plural(outcome.samples, 'sample')}
                    </span>
                  </>,
                ],
                [
                  mapName(report?.labels),
                  outcome.expected_map === undefined ? (
                    <>
                      {format.points(outcome.map_50_95)}{' '}
                      <span class="muted">
                        {low !== undefined && format.interval(100 * low, 100 * said!.map_high!)}{' '}
                        {format.plural(outcome.images ?? 0, 'image')}
                      </span>
                    </>
                  ) : (
                    <>
                      ≈ {format.points(outcome.expected_map)}{' '}
                      <span class="muted">scoring stopped after {outcome.images} images</span>
                    </>
                  ),
                ],
                ...(said?.map_lost === undefined
                  ? []
                  : ([
                      [
                        'Lost',
                        <>
                          {format.lost(said.map_lost)} points{' '}
                          <span class="muted">
                            {format.interval(said.map_lost_low, said.map_lost_high)}
                          </span>
                        </>,
                      ],
                    ] as [string, preact.ComponentChildren][])),
                ...(outcome.held_back
                  ? ([
                      [
                        'On images that chose nothing',
                        <>
                          {format.points(outcome.held_back.map_50_95)}{' '}
                          <span class="muted">{outcome.held_back.images} images</span>
                        </>,
                      ],
                    ] as [string, preact.ComponentChildren][])
                  : []),
                ['Peak memory', format.bytes(outcome.peak_memory_bytes)],
              ]}
            />
            {outcome.latency_suspect && <p class="note warn">Latency: {outcome.latency_suspect}</p>}
            {outcome.accuracy_alarm && <p class="note warn">Accuracy: {outcome.accuracy_alarm}</p>}
          </Card>
        );
      })}
    </div>
  );
}

const cutWords: Record<string, string> = {
  input: 'Input size',
  width: 'Narrower',
  block: 'Block skipped',
  kernel: 'Smaller kernel',
  int8: 'int8',
  floats: 'Floats',
};

function Total(props: {
  name: string;
  now: number | undefined;
  was: number | undefined;
  show: (n: number | undefined) => string;
}) {
  const share = props.now !== undefined && props.was ? props.now / props.was : undefined;
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        <span class="value">{props.show(props.now)}</span>
        <span class="muted">
          {share === undefined ? '' : `${format.percent(share)} of ${props.show(props.was)}`}
        </span>
        {share !== undefined && (
          <span class="of-bar" aria-hidden="true">
            <span style={{ width: `${Math.min(100, 100 * share)}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}

function Changes({ report }: { report: Report }) {
  const { query } = usePlace();
  const { totals } = report;
  type Cut = Report['cuts'][number];
  const columns: Column<Cut>[] = [
    { key: 'kind', title: 'Change', sort: (c) => c.kind, cell: (c) => cutWords[c.kind] ?? c.kind },
    {
      key: 'what',
      title: 'Of',
      sort: (c) => c.what ?? '',
      cell: (c) => (c.what ? <code>{c.what}</code> : <span class="muted">everywhere</span>),
    },
    {
      key: 'to',
      title: 'From → to',
      cell: (c) => (
        <>
          {c.from} → <strong>{c.to}</strong>
        </>
      ),
    },
    {
      key: 'damage',
      title: 'Expected damage',
      right: true,
      hint: 'What preparing expects of this part alone; never a result',
      sort: (c) => c.expected_damage,
      cell: (c) =>
        c.expected_damage === undefined ? format.missing : c.expected_damage.toPrecision(2),
    },
    {
      key: 'saved',
      title: 'MACs saved',
      right: true,
      wide: true,
      sort: (c) => c.macs_saved,
      cell: (c) => format.count(c.macs_saved),
    },
    {
      key: 'why',
      title: 'Why',
      wide: true,
      class: 'fill',
      cell: (c) => <span title={c.why}>{c.why}</span>,
    },
  ];
  return (
    <>
      <Card title="What is left">
        <dl class="figures">
          <Total name="MACs" now={totals.macs} was={totals.original?.macs} show={format.count} />
          <Total
            name="Parameters"
            now={totals.parameters}
            was={totals.original?.parameters}
            show={format.count}
          />
          <Total name="File" now={totals.bytes} was={totals.original?.bytes} show={format.bytes} />
        </dl>
      </Card>
      <Card title={format.plural(report.cuts.length, 'change')} class="flush">
        {report.cuts.length === 0 ? (
          <p class="pad muted">None: this is the original, measured as every other.</p>
        ) : (
          <Table
            label="Changes"
            rows={report.cuts}
            columns={columns}
            rowKey={(c) => `${c.kind} ${c.what ?? ''}`}
            order={orderIn(query.get('order'), { key: '', down: false })}
            setOrder={(to) => choose({ order: orderText(to) })}
          />
        )}
      </Card>
    </>
  );
}

function Kept({ now, was }: { now: number; was: number }) {
  return (
    <span class="kept">
      <span class="number">{now === was ? now : `${now} of ${was}`}</span>
      <span class="of-bar" aria-hidden="true">
        <span style={{ width: `${was ? (100 * now) / was : 0}%` }} />
      </span>
    </span>
  );
}

function Layers({ report }: { report: Report }) {
  const { query } = usePlace();
  const timed = [...new Set(report.layers.flatMap((layer) => Object.keys(layer.times ?? {})))];
  const asked = query.get('target');
  const target = asked !== null && timed.includes(asked) ? asked : timed[0];
  const text = (query.get('q') ?? '').toLowerCase();
  const rows = useMemo(
    () => report.layers.map((layer, i) => ({ ...layer, run: i + 1 })),
    [report.layers],
  );
  type Row = ReportLayer & { run: number };
  const most = Math.max(
    ...report.layers.map((layer) => {
      const time = target ? layer.times?.[target] : undefined;
      return Math.max(time?.ms ?? 0, time?.original_ms ?? 0);
    }),
    1e-9,
  );
  const columns: Column<Row>[] = [
    {
      key: 'run',
      title: '#',
      right: true,
      hint: 'In the order they run',
      sort: (l) => l.run,
      cell: (l) => l.run,
    },
    {
      key: 'layer',
      title: 'Layer',
      sort: (l) => l.layer,
      class: 'fill',
      cell: (l) => (
        <span title={l.layer} class={l.gone ? 'gone' : ''}>
          <code>{l.layer}</code> <span class="muted">{l.gone ? 'skipped' : l.op}</span>
        </span>
      ),
    },
    {
      key: 'outputs',
      title: 'Channels',
      sort: (l) => l.outputs / Math.max(1, l.original.outputs),
      cell: (l) => <Kept now={l.outputs} was={l.original.outputs} />,
    },
    {
      key: 'precision',
      title: 'Precision',
      sort: (l) => l.precision,
      cell: (l) => <span title={l.why_float}>{l.gone ? format.missing : l.precision}</span>,
    },
    {
      key: 'macs',
      title: 'MACs',
      right: true,
      wide: true,
      sort: (l) => l.macs,
      cell: (l) => (
        <>
          {format.count(l.macs)} <span class="muted">{format.percent(l.macs_share)}</span>
        </>
      ),
    },
    {
      key: 'damage',
      title: 'int8 damage',
      right: true,
      wide: true,
      hint: 'Relative error of the outputs with this layer alone in int8',
      sort: (l) => l.int8_damage,
      cell: (l) => (l.int8_damage === undefined ? format.missing : l.int8_damage.toPrecision(2)),
    },
    ...(target
      ? ([
          {
            key: 'ms',
            title: 'Time',
            unit: 'ms',
            wide: true,
            hint: 'Filled: this plan; outline: the original',
            sort: (l: Row) => l.times?.[target]?.ms,
            cell: (l: Row) => {
              const time = l.times?.[target];
              if (!time) return format.missing;
              return (
                <span class="time-bar">
                  <span
                    class="was"
                    style={{ width: `${(100 * (time.original_ms ?? 0)) / most}%` }}
                  />
                  <span class="now" style={{ width: `${(100 * (time.ms ?? 0)) / most}%` }} />
                  <span class="number">
                    {time.ms === undefined ? '0' : format.digits(time.ms)}
                    {time.original_ms !== undefined && (
                      <span class="muted"> of {format.digits(time.original_ms)}</span>
                    )}
                  </span>
                </span>
              );
            },
          },
        ] satisfies Column<Row>[])
      : []),
    {
      key: 'why',
      title: 'Why float',
      wide: true,
      cell: (l) => (
        <span class="muted" title={l.why_float}>
          {l.why_float}
        </span>
      ),
      class: 'clip',
    },
  ];
  return (
    <Card
      title={format.plural(report.layers.length, 'layer')}
      class="flush"
      aside={
        <span class="axes">
          {timed.length > 1 && (
            <Select
              label="Times on"
              value={target!}
              options={timed.map((name) => [name, name])}
              change={(name) => choose({ target: name })}
            />
          )}
          <input
            type="search"
            aria-label="Search in layers"
            placeholder="Layer…"
            value={query.get('q') ?? ''}
            onInput={(event) => choose({ q: event.currentTarget.value })}
          />
        </span>
      }
    >
      <Table
        label="Layers"
        rows={text ? rows.filter((row) => row.layer.toLowerCase().includes(text)) : rows}
        columns={columns}
        rowKey={(l) => l.run}
        order={orderIn(query.get('order'), { key: 'run', down: false })}
        setOrder={(to) => choose({ order: orderText(to) })}
        height={640}
      />
      {!timed.length && (
        <p class="pad muted">
          No times by layer: they are taken of a job’s first 40 trials, where the runtime tells
          them.
        </p>
      )}
    </Card>
  );
}

function Accuracies({ trial, report }: { trial: PlanTrial; report: Report }) {
  const names = new Set<string>();
  for (const outcome of Object.values(trial.outcomes)) {
    for (const name of Object.keys(outcome.figures ?? {})) names.add(name);
  }
  const targets = Object.keys(trial.outcomes);
  return (
    <Card title={`${mapName(report.labels)} and other figures`}>
      <div class="table static" tabIndex={0} role="region" aria-label="Accuracies">
        <table>
          <thead>
            <tr>
              <th scope="col">Figure, points</th>
              {targets.map((target) => (
                <th key={target} scope="col" class="right">
                  {target}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{mapName(report.labels)} 50–95</th>
              {targets.map((target) => (
                <td key={target} class="right">
                  {format.points(trial.outcomes[target]!.map_50_95)}
                </td>
              ))}
            </tr>
            {[...names].map((name) => (
              <tr key={name}>
                <th scope="row">{name.startsWith('class:') ? `AP of ${name.slice(6)}` : name}</th>
                {targets.map((target) => (
                  <td key={target} class="right">
                    {format.points(trial.outcomes[target]!.figures?.[name])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {names.size === 0 && (
        <p class="muted">
          The job asked about the mAP alone. A job with <code>class:NAME</code> among its objectives
          or constraints is scored by class, too:
        </p>
      )}
      {names.size === 0 && (
        <Command
          text={`pare submit … --objective class:NAME --objective latency_ms --begin-with job:${trial.job}`}
        />
      )}
    </Card>
  );
}

function Use({ plan, trial, report }: { plan: PlanView; trial: PlanTrial; report: Report }) {
  const digits = format.short(plan.sha256);
  const input = plan.plan.input;
  const where = location.origin;
  return (
    <div class="columns broad">
      <Card title="Take it">
        <Command text={`pare download ${digits} -o ${digits}.onnx`} />
        <Command
          text={`curl -o ${digits}.onnx ${where}/v1/candidates/${format.short(report.sha256)}/file`}
        />
        <Facts
          of={[
            ['SHA-256', <code class="wrap">{report.sha256}</code>],
            ['Input', `${format.size(input)} pixels; outputs as the original’s`],
            ['File', format.bytes(trial.bytes)],
          ]}
        />
      </Card>
      <Card title="Run it">
        <p class="muted">As the original, at the plan’s input size. In ONNX Runtime:</p>
        <Command
          text={`import onnxruntime as ort
session = ort.InferenceSession("${digits}.onnx")
name = session.get_inputs()[0].name
outputs = session.run(None, {name: image})  # ${input ? `1x3x${input[0]}x${input[1]}` : 'the input'}, prepared as the model's card says`}
        />
        <p>
          <a href={`/models/${report.model_sha256.slice(0, 12)}`}>The model’s card</a> says how
          images are prepared.
        </p>
      </Card>
      <Card title="Retrained weights?">
        <p class="muted">
          The plan is a recipe: it can be applied to new weights of the same network.
        </p>
        <Command text={`pare plan ${digits} -o plan.json`} />
        <Command text="pare apply plan.json new.onnx --calibration some/images -o small.onnx" />
      </Card>
      <Card title="The plan">
        <details>
          <summary>As JSON</summary>
          <Command text={JSON.stringify(plan.plan, null, 2)} />
        </details>
      </Card>
    </div>
  );
}
