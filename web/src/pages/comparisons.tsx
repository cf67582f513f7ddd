// A/B of two plans on a device: started here, and what came of it.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { all, asProblem, change, type Problem } from '../api/client.ts';
import { useLive, useNow, usePolled } from '../api/live.ts';
import type { Comparison, Front, Job } from '../api/types.ts';
import { mapName } from '../domain/job.ts';
import { lackingIn, verdictWords } from '../domain/verdict.ts';
import * as format from '../format.ts';
import { choose, go, usePlace } from '../router.ts';
import {
  Bar,
  Card,
  Command,
  Download,
  Empty,
  Facts,
  NoPage,
  NumberField,
  Select,
  Sha,
  Skeleton,
  State,
  Title,
  Trouble,
  Whisker,
} from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

export function Comparisons() {
  const { query } = usePlace();
  const now = useNow(5000);
  const live = usePolled<Comparison[]>(
    (signal) => all<Comparison>('/v1/comparisons', signal),
    'comparisons',
    3000,
  );
  const columns: Column<Comparison>[] = [
    {
      key: 'id',
      title: '#',
      right: true,
      sort: (c) => c.id,
      cell: (c) => <a href={`/comparisons/${c.id}`}>{c.id}</a>,
    },
    { key: 'state', title: 'State', sort: (c) => c.state, cell: (c) => <State of={c.state} /> },
    {
      key: 'job',
      title: 'Job',
      right: true,
      sort: (c) => c.job,
      cell: (c) => <a href={`/jobs/${c.job}`}>{c.job}</a>,
    },
    { key: 'target', title: 'Target', sort: (c) => c.target, cell: (c) => c.target },
    {
      key: 'a',
      title: 'A',
      wide: true,
      cell: (c) => <Sha of={c.a} href={`/plans/${format.short(c.a)}?job=${c.job}`} />,
    },
    {
      key: 'b',
      title: 'B',
      wide: true,
      cell: (c) => <Sha of={c.b} href={`/plans/${format.short(c.b)}?job=${c.job}`} />,
    },
    { key: 'verdict', title: 'Verdict', cell: (c) => c.result?.verdict ?? format.missing },
    {
      key: 'sentence',
      title: 'What came of it',
      wide: true,
      class: 'fill',
      cell: (c) => <span title={c.result?.sentence}>{c.result?.sentence ?? c.reason}</span>,
    },
    {
      key: 'at',
      title: 'Started',
      wide: true,
      sort: (c) => c.created_at,
      cell: (c) => <span class="muted">{format.ago(c.created_at, now)}</span>,
    },
  ];
  return (
    <>
      <Title sub="Two plans measured in turns on one device, so that what drifts hits both.">
        Compare
      </Title>
      <Start />
      {live.problem && !live.data && <Trouble problem={live.problem} again={live.refresh} />}
      {!live.data && !live.problem && <Skeleton />}
      {live.data?.length === 0 && (
        <Empty title="Nothing was compared yet">
          <p>Choose a job and two of its plans above, or:</p>
          <Command text="pare compare JOB --target TARGET original PLAN" />
        </Empty>
      )}
      {live.data && live.data.length > 0 && (
        <div class="card flush">
          <Table
            label="Comparisons"
            rows={live.data}
            columns={columns}
            rowKey={(c) => c.id}
            order={orderIn(query.get('order'), { key: 'id', down: true })}
            setOrder={(to) => choose({ order: orderText(to) })}
          />
        </div>
      )}
    </>
  );
}

function Start() {
  const { query } = usePlace();
  const jobs = usePolled<Job[]>((signal) => all<Job>('/v1/jobs', signal), 'jobs', 0);
  const measured = (jobs.data ?? []).filter((job) => job.trials.finished > 1).reverse();
  const job = measured.find((one) => String(one.id) === query.get('job')) ?? measured[0];
  const asked = query.get('target');
  const target = job && asked !== null && job.targets.includes(asked) ? asked : job?.targets[0];
  const front = useLive<Front>(
    job && target ? `/v1/jobs/${job.id}/fronts/${encodeURIComponent(target)}?all=true` : null,
  );
  const plans = useMemo((): [string, string][] => {
    const members = front.data?.members ?? [];
    const original = front.data?.original;
    return [
      ...(original ? ([[original.plan_sha256, 'the original']] as [string, string][]) : []),
      ...members
        .filter((member) => member.plan_sha256 !== original?.plan_sha256)
        .map((member): [string, string] => [
          member.plan_sha256,
          `${format.short(member.plan_sha256)} · ${format.milliseconds(member.latency_ms)} · ${mapName(front.data?.labels)} ${format.points(member.map_50_95)}`,
        ]),
    ];
  }, [front.data]);
  const named = (text: string | null, fallback: string | undefined): string =>
    plans.find(([sha]) => text !== null && text.length >= 8 && sha.startsWith(text))?.[0] ??
    fallback ??
    '';
  const a = named(query.get('a'), plans[0]?.[0]);
  // The fastest that loses at most a point is what most want to know about.
  const usual = front.data?.members.find(
    (member) => member.map_lost <= 1 && member.plan_sha256 !== a,
  );
  const b = named(query.get('b'), usual?.plan_sha256 ?? plans.find(([sha]) => sha !== a)?.[0]);
  const [blocks, setBlocks] = useState<number | undefined>();
  const [problem, setProblem] = useState<Problem>();
  const [sending, setSending] = useState(false);
  const [key, setKey] = useState(() => String(Math.random()));
  useEffect(() => setKey(String(Math.random())), [job?.id, target, a, b, blocks]);
  if (!job || !target) return null;
  const start = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setSending(true);
    try {
      const made = await change<Comparison>(
        'POST',
        '/v1/comparisons',
        { job: job.id, target, a, b, ...(blocks === undefined ? {} : { max_blocks: blocks }) },
        key,
      );
      go(`/comparisons/${made.id}`);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    setSending(false);
  };
  return (
    <Card title="Start one">
      <form class="row-form" onSubmit={start}>
        <Select
          label="Job"
          value={String(job.id)}
          options={measured.map((one) => [
            String(one.id),
            `${one.id}: ${one.model} on ${one.dataset}`,
          ])}
          change={(id) => choose({ job: id, target: null, a: null, b: null })}
        />
        <Select
          label="On"
          value={target}
          options={job.targets.map((one) => [one, one])}
          change={(one) => choose({ target: one })}
        />
        <Select
          label="A"
          value={a}
          options={plans}
          change={(sha) => choose({ a: format.short(sha) })}
        />
        <Select
          label="B"
          value={b}
          options={plans}
          change={(sha) => choose({ b: format.short(sha) })}
        />
        <NumberField
          label="At most"
          unit="blocks"
          value={blocks}
          step={1}
          min={1}
          change={setBlocks}
          placeholder="60"
        />
        <button type="submit" class="primary" disabled={sending || !a || !b || a === b}>
          Measure
        </button>
      </form>
      {a === b && <p class="muted">Choose two different plans.</p>}
      {problem && <Trouble problem={problem} />}
    </Card>
  );
}

export function ComparisonPage({ id }: { id: string }) {
  const [every, setEvery] = useState(1500);
  const live = useLive<Comparison>(`/v1/comparisons/${encodeURIComponent(id)}`, every);
  const now = useNow(1000);
  const comparison = live.data;
  const done = comparison?.state === 'succeeded' || comparison?.state === 'failed';
  if (done && every !== 0) setEvery(0);
  if (live.problem && !comparison)
    return <NoPage title={`Comparison ${id}`} problem={live.problem} again={live.refresh} />;
  if (!comparison) {
    return (
      <>
        <Title>Comparison {id}</Title>
        <Skeleton />
      </>
    );
  }
  const plan = (sha: string) => (
    <Sha
      of={sha}
      href={`/plans/${format.short(sha)}?job=${comparison.job}&target=${encodeURIComponent(comparison.target)}`}
    />
  );
  const since = (now - Date.parse(comparison.created_at)) / 1000;
  return (
    <>
      <Title
        sub={
          <>
            A {plan(comparison.a)} against B {plan(comparison.b)} on {comparison.target},{' '}
            <a href={`/jobs/${comparison.job}`}>job {comparison.job}</a>
          </>
        }
      >
        Comparison {comparison.id} <State of={comparison.state} />
      </Title>
      <div class="actions">
        <Download
          path={`/v1/comparisons/${comparison.id}/report.html`}
          name={`comparison-${comparison.id}.html`}
          plain
        >
          Report
        </Download>
      </div>
      {comparison.state === 'queued' && (
        <p class="news">
          Waits for the device, which measures one thing at a time: {format.duration(since)} so far.
        </p>
      )}
      {comparison.state === 'running' && (
        <>
          <p class="news" aria-live="polite">
            A and B are timed in turns, block by block, until the interval decides or{' '}
            {comparison.max_blocks ?? 60} blocks are done: {format.duration(since)} so far.
          </p>
          <Bar share={Math.min(0.95, since / 240)} label="Time that most take" />
        </>
      )}
      {comparison.state === 'failed' && (
        <div class="trouble" role="alert">
          <strong>{comparison.reason}</strong>
        </div>
      )}
      {comparison.result && <Verdict comparison={comparison} result={comparison.result} />}
      <Card title="How it was asked">
        <Facts
          of={[
            [
              'Level',
              comparison.alpha === undefined
                ? format.missing
                : `${format.percent(1 - comparison.alpha)} intervals`,
            ],
            [
              'Latency margin',
              comparison.latency_margin === undefined
                ? format.missing
                : format.percent(comparison.latency_margin, 1),
            ],
            [
              'mAP margin',
              comparison.map_margin === undefined
                ? format.missing
                : `${format.points(comparison.map_margin)} points`,
            ],
            ['Blocks', `at most ${comparison.max_blocks ?? format.missing}`],
            ['Started', format.clock(comparison.created_at)],
            ['Ended', format.clock(comparison.finished_at)],
          ]}
        />
      </Card>
    </>
  );
}

function Verdict(props: { comparison: Comparison; result: NonNullable<Comparison['result']> }) {
  const { latency, accuracy, verdict, sentence } = props.result;
  const high = latency.high ?? latency.ratio * 1.5;
  const marginRatio = props.comparison.latency_margin ?? 0.03;
  const marginPoints = 100 * (props.comparison.map_margin ?? 0.005);
  const [from, to] = [
    Math.min(latency.low, 1 - marginRatio) * 0.95,
    Math.max(high, 1 + marginRatio) * 1.05,
  ];
  const delta = { value: 100 * accuracy.delta, low: 100 * accuracy.low, high: 100 * accuracy.high };
  const reach = 1.15 * Math.max(Math.abs(delta.low), Math.abs(delta.high), marginPoints);
  const tone = verdict === 'BETTER' ? 'good' : verdict === 'NOT_BETTER' ? 'bad' : '';
  return (
    <>
      <section class={`card verdict-card ${tone}`} aria-label="Verdict" aria-live="polite">
        <p class="verdict-word">{verdictWords(verdict)}</p>
        <p>{sentence}</p>
        {lackingIn(props.result, marginRatio, marginPoints / 100).map((one) => (
          <p key={one} class="muted">
            {one}
          </p>
        ))}
      </section>
      <div class="columns">
        <Card title="Latency, B over A" aside={latency.verdict.toLowerCase()}>
          <p class="big-number">
            {latency.ratio.toFixed(3)}{' '}
            <span class="muted">
              [{latency.low.toFixed(3)}, {latency.high === null ? '∞' : latency.high.toFixed(3)}]
            </span>
          </p>
          <Whisker
            {...{ low: latency.low, value: latency.ratio, high, from, to, mark: 1 }}
            margin={[1 - marginRatio, 1 + marginRatio]}
            label={`Ratio ${latency.ratio.toFixed(3)}, from ${latency.low.toFixed(3)} to ${high.toFixed(3)}; 1 is no difference`}
          />
          <p class="scale">
            <span>B is faster</span>
            <span>B is slower</span>
          </p>
          <p class="muted">
            {format.plural(latency.blocks, 'block')}; dashed: no difference; shaded: the margin.
          </p>
        </Card>
        <Card
          title={`${mapName(accuracy.labels)}, B minus A`}
          aside={accuracy.verdict.toLowerCase()}
        >
          <p class="big-number">
            {format.signed(delta.value)}{' '}
            <span class="muted">{format.interval(delta.low, delta.high, 2)} points</span>
          </p>
          <Whisker
            {...{ ...delta, from: -reach, to: reach, mark: 0 }}
            margin={[-marginPoints, marginPoints]}
            label={`${delta.value.toFixed(2)} points, from ${delta.low.toFixed(2)} to ${delta.high.toFixed(2)}; 0 is no difference`}
          />
          <p class="scale">
            <span>B is worse</span>
            <span>B is better</span>
          </p>
          <p class="muted">
            {format.plural(accuracy.images, 'image')}, differences on the same ones.
          </p>
        </Card>
      </div>
    </>
  );
}
