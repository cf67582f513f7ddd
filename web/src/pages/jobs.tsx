// Every job, newest first, and what each came to.
import { all } from '../api/client.ts';
import { useLive, useNow, usePolled } from '../api/live.ts';
import type { Dataset, Job, Model, Page, Target, Worker } from '../api/types.ts';
import * as format from '../format.ts';
import { choose, usePlace } from '../router.ts';
import { isFinal } from '../domain/job.ts';
import { Bar, Command, Empty, NoPage, Skeleton, State, Title } from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

const order = ['all', 'running', 'succeeded', 'failed', 'cancelled'];

function isIn(job: Job, group: string): boolean {
  if (group === 'all') return true;
  return group === 'running' ? !isFinal(job.state) : job.state === group;
}

function said(job: Job, now: number): string {
  if (job.waiting && job.waiting.length > 0) return job.waiting[0]!.reason;
  if (job.seconds_left !== undefined && !isFinal(job.state)) {
    return `${format.duration(job.seconds_left)} left`;
  }
  if (job.finished_at && job.started_at) {
    return `took ${format.duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)}`;
  }
  return `since ${format.ago(job.created_at, now).replace(' ago', '')}`;
}

function columnsOf(now: number): Column<Job>[] {
  return [
    {
      key: 'id',
      title: 'Job',
      right: true,
      sort: (job) => job.id,
      cell: (job) => <a href={`/jobs/${job.id}`}>{job.id}</a>,
    },
    {
      key: 'state',
      title: 'State',
      sort: (job) => job.state,
      cell: (job) => <State of={job.state} />,
    },
    {
      key: 'model',
      title: 'Model',
      sort: (job) => job.model,
      cell: (job) => <a href={`/models/${job.model}`}>{job.model}</a>,
    },
    {
      key: 'dataset',
      title: 'Dataset',
      wide: true,
      sort: (job) => job.dataset,
      cell: (job) => <a href={`/datasets/${job.dataset}`}>{job.dataset}</a>,
    },
    {
      key: 'targets',
      title: 'Targets',
      wide: true,
      sort: (job) => job.targets.join(', '),
      cell: (job) => job.targets.join(', '),
      class: 'fill',
    },
    {
      key: 'progress',
      title: 'Trials',
      sort: (job) => job.progress,
      cell: (job) => (
        <span class="bar-cell">
          <Bar share={job.progress} label={`Progress of job ${job.id}`} />
          <span class="number">
            {job.trials.finished + job.trials.failed}/{job.budget.trials}
          </span>
        </span>
      ),
    },
    { key: 'said', title: 'Time', wide: true, cell: (job) => said(job, now), class: 'muted' },
    {
      key: 'created',
      title: 'Submitted',
      wide: true,
      sort: (job) => job.created_at,
      cell: (job) => (
        <span title={format.clock(job.created_at)}>{format.ago(job.created_at, now)}</span>
      ),
      class: 'muted',
    },
  ];
}

export function Jobs() {
  const { query } = usePlace();
  const now = useNow(5000);
  const jobs = usePolled<Job[]>((signal) => all<Job>('/v1/jobs', signal), 'jobs', 3000);
  if (jobs.problem && !jobs.data)
    return <NoPage title="Jobs" problem={jobs.problem} again={jobs.refresh} />;
  const group = query.get('state') ?? 'all';
  const text = (query.get('q') ?? '').toLowerCase();
  const list = jobs.data ?? [];
  const shown = list.filter(
    (job) =>
      isIn(job, group) &&
      `${job.id} ${job.model} ${job.dataset} ${job.targets.join(' ')}`.toLowerCase().includes(text),
  );
  return (
    <>
      <div class="head-row">
        <Title>Jobs</Title>
        <a class="button primary" href="/new">
          New job
        </a>
      </div>
      {!jobs.data && <Skeleton lines={6} />}
      {jobs.data && list.length === 0 && <FirstSteps />}
      {list.length > 0 && (
        <div class="card flush">
          <div class="filters">
            <div class="chips" role="group" aria-label="State">
              {order.map((name) => (
                <button
                  key={name}
                  type="button"
                  class="chip"
                  aria-pressed={group === name}
                  onClick={() => choose({ state: name === 'all' ? null : name })}
                >
                  {name} <span class="number">{list.filter((job) => isIn(job, name)).length}</span>
                </button>
              ))}
            </div>
            <input
              type="search"
              aria-label="Search in jobs"
              placeholder="Model, dataset, target…"
              value={query.get('q') ?? ''}
              onInput={(event) => choose({ q: event.currentTarget.value })}
            />
          </div>
          {shown.length === 0 ? (
            <p class="pad muted">None of {format.plural(list.length, 'job')} is like that.</p>
          ) : (
            <Table
              label="Jobs"
              rows={shown}
              columns={columnsOf(now)}
              rowKey={(job) => job.id}
              order={orderIn(query.get('order'), { key: 'id', down: true })}
              setOrder={(to) => choose({ order: orderText(to) })}
              height={680}
            />
          )}
        </div>
      )}
    </>
  );
}

// Before the first job: what there is already, and the next command.
function FirstSteps() {
  const models = useLive<Page<Model>>('/v1/models', 5000);
  const datasets = useLive<Page<Dataset>>('/v1/datasets', 5000);
  const targets = useLive<Page<Target>>('/v1/targets', 5000);
  const workers = useLive<Page<Worker>>('/v1/workers', 5000);
  const steps: [string, number, string][] = [
    ['A worker runs on a device', workers.data?.items.length ?? 0, 'pare up'],
    ['A model', models.data?.items.length ?? 0, 'pare model add detector.onnx --name mine'],
    [
      'Images to calibrate and to score on',
      datasets.data?.items.length ?? 0,
      'pare dataset add --name photos --calibration some/images --val other/images --labels labels.json',
    ],
    [
      'A target: what to optimise for',
      targets.data?.items.length ?? 0,
      'pare target add x86 --runtime onnxruntime --threads 1',
    ],
  ];
  return (
    <Empty title="No job yet">
      <p>
        A job searches for the smaller, faster versions of a detector that nothing else beats. It
        needs:
      </p>
      <ol class="steps">
        {steps.map(([what, there, command]) => (
          <li key={what} class={there > 0 ? 'done' : ''}>
            <p>
              {what} {there > 0 && <span class="good-text">✓ {there}</span>}
            </p>
            {there === 0 && <Command text={command} />}
          </li>
        ))}
      </ol>
      <p>
        <a class="button primary" href="/new">
          Set up a job here
        </a>{' '}
        or{' '}
      </p>
      <Command text="pare submit --model mine --dataset photos --target x86 --trials 60" />
    </Empty>
  );
}
