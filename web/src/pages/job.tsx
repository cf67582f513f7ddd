// A job: what to take from it, its fronts, and every trial.
import { useMemo, useState } from 'preact/hooks';
import { asProblem, change, type Problem } from '../api/client.ts';
import { useLive, useNow } from '../api/live.ts';
import { useTrials } from '../api/trials.ts';
import type { Front, Job, Member, Trial } from '../api/types.ts';
import { FrontChart } from '../charts/front_chart.tsx';
import { CurveChart } from '../charts/curve_chart.tsx';
import type { Goal, Limits } from '../domain/decide.ts';
import { decide, goals } from '../domain/decide.ts';
import { curveOf, lateShare } from '../domain/hypervolume.ts';
import { goalOf, isFinal, mapName, newsOf } from '../domain/job.ts';
import { axesOf, metricOf } from '../domain/metrics.ts';
import { filtersIn, passes } from '../domain/settings.ts';
import * as format from '../format.ts';
import { choose, numberIn, usePlace } from '../router.ts';
import {
  Bar,
  Card,
  Download,
  Facts,
  NoPage,
  Select,
  Skeleton,
  State,
  Title,
} from '../ui/parts.tsx';
import { Decide } from './job_decide.tsx';
import { FrontTable, TrialsTable } from './job_tables.tsx';
import { Settings } from './job_settings.tsx';
import { Checks } from './job_checks.tsx';
import { Selected } from './job_selected.tsx';
import { Tasks } from './job_tasks.tsx';

const noTrials: Trial[] = [];
const noMembers: Member[] = [];

// Fronts of up to as many targets are read; the hooks want a number that does not change.
const mostTargets = 6;

// `whole`: with those that keep too little of the original, or are no faster.
function useFronts(
  job: Job | undefined,
  whole: boolean,
  every: number,
): Map<string, Front | undefined> {
  const also = whole ? '?all=true' : '';
  const path = (i: number): string | null => {
    const target = job?.targets[i];
    return job && target ? `/v1/jobs/${job.id}/fronts/${encodeURIComponent(target)}${also}` : null;
  };
  const lives = Array.from({ length: mostTargets }, (_, i) => useLive<Front>(path(i), every));
  const several = (job?.targets.length ?? 0) > 1;
  const worst = useLive<Front>(job && several ? `/v1/jobs/${job.id}/front${also}` : null, every);
  return useMemo(() => {
    const out = new Map<string, Front | undefined>();
    job?.targets.slice(0, mostTargets).forEach((target, i) => out.set(target, lives[i]!.data));
    if (several) out.set('', worst.data);
    return out;
  }, [job?.id, job?.targets.join(), worst.data, ...lives.map((live) => live.data)]);
}

export function limitsIn(query: URLSearchParams): Limits {
  const goal = query.get('goal');
  const own = ['lost', 'map', 'ms', 'mib'].some((name) => query.has(name));
  return {
    goal: goals.includes(goal as Goal) ? (goal as Goal) : 'fastest',
    lost: numberIn(query, 'lost') ?? (own ? undefined : 1),
    map: numberIn(query, 'map'),
    ms: numberIn(query, 'ms'),
    mib: numberIn(query, 'mib'),
  };
}

export function JobPage({ id }: { id: string }) {
  const [active, setActive] = useState(true);
  const live = useLive<Job>(`/v1/jobs/${encodeURIComponent(id)}`, active ? 1500 : 20_000);
  const job = live.data;
  const going = job ? !isFinal(job.state) : true;
  if (going !== active) setActive(going);
  const whole = usePlace().query.get('all') === '1';
  const fronts = useFronts(job, whole, going ? 2000 : 0);
  const trials = useTrials(job).data ?? noTrials;
  if (live.problem && !job)
    return <NoPage title={`Job ${id}`} problem={live.problem} again={live.refresh} />;
  if (!job) {
    return (
      <>
        <Title>Job {id}</Title>
        <Skeleton lines={12} />
      </>
    );
  }
  return (
    <>
      <Head job={job} trials={trials} refresh={live.refresh} />
      <Body job={job} trials={trials} fronts={fronts} />
    </>
  );
}

function Head({ job, trials, refresh }: { job: Job; trials: Trial[]; refresh: () => void }) {
  const now = useNow(1000);
  const running = trials.filter((trial) => trial.state === 'running').length;
  const news = newsOf(job, running);
  const ended = job.trials.finished + job.trials.failed;
  const seconds =
    job.started_at &&
    ((job.finished_at ? Date.parse(job.finished_at) : now) - Date.parse(job.started_at)) / 1000;
  return (
    <>
      <div class="head-row">
        <Title
          sub={
            <>
              <a href={`/models/${job.model}`}>{job.model}</a> on{' '}
              <a href={`/datasets/${job.dataset}`}>{job.dataset}</a>, {goalOf(job)}
            </>
          }
        >
          Job {job.id} <State of={job.state} />
        </Title>
        <div class="actions">
          <PauseOrResume job={job} refresh={refresh} />
          {!isFinal(job.state) && <Cancel job={job} refresh={refresh} />}
          <Download path={`/v1/jobs/${job.id}/report.html`} name={`job-${job.id}.html`} plain>
            Report
          </Download>
          <a class="button" href={`/new?from=${job.id}`}>
            New job from this
          </a>
        </div>
      </div>
      <div class="progress-row">
        <Bar share={job.progress} label="Progress" />
        <span class="number">
          {ended} of {job.budget.trials} trials
          {job.trials.failed > 0 && `, ${job.trials.failed} failed`}
          {seconds ? ` · ${format.duration(seconds)}` : ''}
        </span>
      </div>
      <p class="news" aria-live="polite">
        {news}
      </p>
      {job.state === 'failed' && job.reason && (
        <div class="trouble" role="alert">
          <strong>{job.reason}</strong>
        </div>
      )}
      {job.state !== 'failed' && job.reason && <p class="note">{job.reason}</p>}
      {(job.warnings ?? []).map((warning) => (
        <p key={warning} class="note warn">
          {warning}
        </p>
      ))}
      {(job.waiting ?? []).length > 0 && <Waits job={job} />}
    </>
  );
}

function Waits({ job }: { job: Job }) {
  const waits = job.waiting ?? [];
  return (
    <div class="note warn">
      <strong>{format.plural(waits.length, 'task waits', 'tasks wait')}</strong>, through nobody’s
      fault:
      <ul>
        {waits.slice(0, 3).map((wait, i) => (
          <li key={i}>
            {wait.kind}
            {wait.trial !== undefined && ` of trial ${wait.trial}`}: {wait.reason}
          </li>
        ))}
      </ul>
      <a href="/fleet">Who serves what</a>
    </div>
  );
}

function PauseOrResume({ job, refresh }: { job: Job; refresh: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  if (job.state !== 'searching' && job.state !== 'paused') return null;
  const what = job.state === 'paused' ? 'resume' : 'pause';
  const move = async (): Promise<void> => {
    try {
      await change('POST', `/v1/jobs/${job.id}/${what}`);
      setProblem(undefined);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    refresh();
  };
  return (
    <>
      {problem && <span class="bad-text">{problem.detail || problem.message}</span>}
      <button type="button" onClick={move}>
        {what === 'pause' ? 'Pause' : 'Resume'}
      </button>
    </>
  );
}

function Cancel({ job, refresh }: { job: Job; refresh: () => void }) {
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const cancel = async (): Promise<void> => {
    try {
      await change('POST', `/v1/jobs/${job.id}/cancel`);
      refresh();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    setAsked(false);
  };
  if (problem) return <span class="bad-text">{problem.detail || problem.message}</span>;
  if (!asked) {
    return (
      <button type="button" onClick={() => setAsked(true)}>
        Cancel job
      </button>
    );
  }
  return (
    <span class="confirm" role="group" aria-label="Cancel the job?">
      What was measured stays.
      <button type="button" class="danger" onClick={cancel}>
        Cancel it
      </button>
      <button type="button" class="quiet" onClick={() => setAsked(false)}>
        Keep it
      </button>
    </span>
  );
}

interface BodyProps {
  job: Job;
  trials: Trial[];
  fronts: Map<string, Front | undefined>;
}

function Body({ job, trials, fronts }: BodyProps) {
  const { query } = usePlace();
  const asked = query.get('target');
  const target =
    asked !== null && fronts.has(asked)
      ? asked
      : job.across === 'worst' && job.targets.length > 1
        ? ''
        : job.targets[0]!;
  const limits = limitsIn(query);
  const axes = axesOf(job.objectives);
  const [x, y] = [query.get('x') ?? 'latency_ms', query.get('y') ?? defaultY(job)];
  const chosen = numberIn(query, 'sel');
  const filters = useMemo(() => filtersIn(query.get('f')), [query.get('f')]);
  const original = trials.find((trial) => trial.number === 1);
  const dimmed = useMemo(
    () =>
      new Set(
        trials.filter((trial) => !passes(trial, filters, original)).map((trial) => trial.number),
      ),
    [trials, filters],
  );
  const curves = useMemo(
    () => job.targets.map((one) => ({ target: one, points: curveOf(job, trials, one) })),
    [job.targets.join(), job.objectives.join(), trials],
  );
  const membersOf = (name: string): Member[] => fronts.get(name)?.members ?? noMembers;
  const anything = [...fronts.values()].some((front) => front?.original);
  const proposed = useMemoDecision(membersOf(target), limits);
  const picked = trials.find((trial) => trial.number === chosen);
  const first = job.targets.find((one) => one === target) ?? job.targets[0]!;

  return (
    <>
      <Decide
        job={job}
        target={target}
        fronts={fronts}
        members={membersOf(target)}
        limits={limits}
      />
      {!anything ? (
        <Card title="Fronts">
          <p class="muted">
            {isFinal(job.state)
              ? 'Nothing was measured.'
              : 'The first points appear when the original has been measured: after preparing, some minutes from the start.'}
          </p>
        </Card>
      ) : (
        <>
          <div class="head-row small">
            <h2>Fronts</h2>
            <div class="axes">
              <button
                type="button"
                class="chip"
                aria-pressed={query.get('view') === 'all'}
                onClick={() => choose({ view: query.get('view') === 'all' ? null : 'all' })}
              >
                Show every trial
              </button>
              <Select
                label="Across"
                value={x}
                options={axes.map((name) => [name, metricOf(name).label])}
                change={(name) => choose({ x: name === 'latency_ms' ? null : name })}
              />
              <Select
                label="Up"
                value={y}
                options={axes.map((name) => [name, metricOf(name).label])}
                change={(name) => choose({ y: name === defaultY(job) ? null : name })}
              />
            </div>
          </div>
          <div class="charts">
            {job.targets.map((one) => (
              <Card key={one} title={one} aside={<HypervolumeOf front={fronts.get(one)} />}>
                <FrontChart
                  target={one}
                  trials={trials}
                  dimmed={dimmed}
                  front={membersOf(one)}
                  original={fronts.get(one)?.original}
                  axes={[x, y]}
                  limits={limits}
                  chosen={chosen}
                  proposed={proposed}
                  labels={job.labels}
                  whole={query.get('view') === 'all'}
                  pick={(trial) => choose({ sel: trial === chosen ? null : trial })}
                />
              </Card>
            ))}
            <Card title="Is more search worth it?" aside={<span>{worth(curves, job)}</span>}>
              <CurveChart curves={curves} height={292} />
              <Legend targets={job.targets} />
            </Card>
          </div>
          <ChartLegend />
          {picked && <Selected job={job} trial={picked} target={first} />}
          <FrontTable
            job={job}
            target={target}
            members={membersOf(target)}
            hidden={fronts.get(target)?.hidden ?? 0}
            original={fronts.get(target)?.original}
            chosen={chosen}
            proposed={proposed}
          />
          <Settings trials={trials} filters={filters} target={first} />
        </>
      )}
      <TrialsTable job={job} trials={trials} dimmed={dimmed} target={first} chosen={chosen} />
      <Checks job={job} />
      <Tasks job={job} />
      <Document job={job} />
    </>
  );
}

function defaultY(job: Job): string {
  return job.objectives.find((name) => metricOf(name).higherIsBetter) ?? 'map_50_95';
}

function useMemoDecision(members: Member[], limits: Limits): number | undefined {
  return useMemo(
    () => decide(members, limits)?.member.trial,
    [members, limits.goal, limits.lost, limits.map, limits.ms, limits.mib],
  );
}

function HypervolumeOf(props: { front: Front | undefined }) {
  if (!props.front) return null;
  return (
    <span class="number" title="Hypervolume of the front, against half the original's accuracy">
      {format.plural(props.front.members.length, 'plan')} · hypervolume{' '}
      {props.front.hypervolume.toFixed(4)}
    </span>
  );
}

function worth(curves: { target: string; points: ReturnType<typeof curveOf> }[], job: Job): string {
  const shares = curves.map((curve) => lateShare(curve.points)).filter((s) => s !== undefined);
  if (shares.length === 0) return '';
  const most = Math.max(...shares);
  const said = `the last tenth brought ${format.percent(most, 1)}`;
  return isFinal(job.state) || most > 0.01 ? said : `${said}: little is left to find`;
}

function Legend({ targets }: { targets: string[] }) {
  return (
    <ul class="legend">
      {targets.map((target, i) => (
        <li key={target}>
          <span class={`swatch line series-${(i % 4) + 1}`} aria-hidden="true" />
          {target}
        </li>
      ))}
    </ul>
  );
}

function ChartLegend() {
  return (
    <ul class="legend wide">
      <li>
        <span class="swatch dot front" aria-hidden="true" /> on the front, with 95 % intervals
      </li>
      <li>
        <span class="swatch dot beaten" aria-hidden="true" /> beaten
      </li>
      <li>
        <span class="swatch dot hollow" aria-hidden="true" /> scoring stopped early: expected
      </li>
      <li>
        <span class="swatch diamond beaten" aria-hidden="true" /> with int8
      </li>
      <li>
        <span class="swatch square original" aria-hidden="true" /> the original
      </li>
      <li>
        <span class="swatch ring chosen" aria-hidden="true" /> proposed above
      </li>
      <li class="muted">Click a point to select it; Ctrl and the wheel zoom, dragging moves.</li>
    </ul>
  );
}

function Document({ job }: { job: Job }) {
  const space = Object.entries(job.space)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ');
  const recovery =
    typeof job.recovery === 'string' ? job.recovery : String(job.recovery['kind'] ?? 'trained');
  return (
    <Card title="What was asked">
      <Facts
        of={[
          ['Goal', goalOf(job)],
          ['Targets', job.targets.join(', ')],
          ['Fronts', job.across === 'worst' ? 'one, over the worst target' : 'one on each target'],
          [
            'Accuracy',
            `${mapName(job.labels)}${job.labels === 'teacher' ? ': agreement with the original’s detections, for there are no labels' : ''}`,
          ],
          ['Strategy', `${job.strategy}, seed ${job.seed}`],
          ['Recovery', recovery],
          ['Space', space],
          [
            'Budget',
            [
              `${job.budget.trials} trials`,
              job.budget.seconds && format.duration(job.budget.seconds),
              job.budget.device_seconds &&
                `${format.duration(job.budget.device_seconds)} of devices`,
              job.budget.stagnation && `until ${job.budget.stagnation} trials bring nothing`,
            ]
              .filter(Boolean)
              .join(', '),
          ],
          ['Submitted', `${format.clock(job.created_at)}${job.owner ? ` by ${job.owner}` : ''}`],
        ]}
      />
      {(job.preprocessing?.findings ?? []).map((finding) => (
        <p key={finding} class="muted">
          {finding}
        </p>
      ))}
    </Card>
  );
}
