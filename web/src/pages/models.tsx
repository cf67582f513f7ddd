// The models, and what inspection understood of one: what may go, what may not and why.
import { all } from '../api/client.ts';
import { useLive, useNow, usePolled } from '../api/live.ts';
import type { Job, Model, Summary } from '../api/types.ts';
import * as format from '../format.ts';
import { choose, usePlace } from '../router.ts';
import {
  Card,
  Command,
  Download,
  Empty,
  Facts,
  NoPage,
  Skeleton,
  State,
  Tabs,
  Title,
} from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

export function Models() {
  const { query } = usePlace();
  const now = useNow(5000);
  const models = usePolled<Model[]>((signal) => all<Model>('/v1/models', signal), 'models', 4000);
  if (models.problem && !models.data)
    return <NoPage title="Models" problem={models.problem} again={models.refresh} />;
  const columns: Column<Model>[] = [
    {
      key: 'name',
      title: 'Model',
      sort: (m) => m.name,
      cell: (m) => <a href={`/models/${m.name}`}>{m.name}</a>,
    },
    { key: 'state', title: 'State', sort: (m) => m.state, cell: (m) => <State of={m.state} /> },
    {
      key: 'head',
      title: 'Head',
      sort: (m) => m.card?.head ?? '',
      cell: (m) => m.card?.head ?? format.missing,
    },
    { key: 'input', title: 'Input', cell: (m) => format.size(m.card?.input) },
    {
      key: 'classes',
      title: 'Classes',
      right: true,
      wide: true,
      sort: (m) => m.card?.classes?.length,
      cell: (m) => m.card?.classes?.length ?? format.missing,
    },
    {
      key: 'reason',
      title: 'Remark',
      wide: true,
      class: 'fill',
      cell: (m) => m.reason && <span class="bad-text">{m.reason}</span>,
    },
    {
      key: 'created',
      title: 'Added',
      wide: true,
      right: true,
      sort: (m) => m.created_at,
      cell: (m) => <span class="muted">{format.ago(m.created_at, now)}</span>,
    },
  ];
  return (
    <>
      <div class="head-row">
        <Title>Models</Title>
        <a class="button primary" href="/new">
          Add one for a job
        </a>
      </div>
      {!models.data && <Skeleton />}
      {models.data?.length === 0 && (
        <Empty title="No model yet">
          <p>
            Any ONNX detector. Its head is recognised from the graph; the preset says how images are
            prepared.
          </p>
          <Command text="pare model add detector.onnx --name mine --preset yolov5" />
        </Empty>
      )}
      {models.data && models.data.length > 0 && (
        <div class="card flush">
          <Table
            label="Models"
            rows={models.data}
            columns={columns}
            rowKey={(m) => m.sha256}
            order={orderIn(query.get('order'), { key: 'created', down: true })}
            setOrder={(to) => choose({ order: orderText(to) })}
          />
        </div>
      )}
    </>
  );
}

export function ModelPage({ id }: { id: string }) {
  const live = useLive<Model>(`/v1/models/${encodeURIComponent(id)}`, 2500);
  const jobs = usePolled<Job[]>((signal) => all<Job>('/v1/jobs', signal), 'jobs', 0);
  const model = live.data;
  if (live.problem && !model)
    return <NoPage title={`Model ${id}`} problem={live.problem} again={live.refresh} />;
  if (!model) {
    return (
      <>
        <Title>Model {id}</Title>
        <Skeleton lines={8} />
      </>
    );
  }
  const summary = model.summary;
  return (
    <>
      <div class="head-row">
        <Title
          sub={
            summary &&
            `${format.count(summary.parameters)} parameters, ${format.count(summary.macs)} MACs, opset ${summary.opset}`
          }
        >
          {model.name} <State of={model.state} />
        </Title>
        <div class="actions">
          <Download path={`/v1/models/${model.sha256}/file`} name={`${model.name}.onnx`}>
            Download {summary ? format.bytes(summary.bytes) : ''}
          </Download>
          <a class="button" href={`/new?model=${encodeURIComponent(model.name)}`}>
            New job
          </a>
        </div>
      </div>
      {model.state === 'rejected' && (
        <div class="trouble" role="alert">
          <strong>{model.reason}</strong>
        </div>
      )}
      {model.state === 'inspecting' && <p class="note">A worker inspects it: some seconds.</p>}
      <ModelFacts model={model} />
      {summary && (
        <Understood
          summary={summary}
          jobs={(jobs.data ?? []).filter((job) => job.model_sha256 === model.sha256)}
        />
      )}
    </>
  );
}

export function ModelFacts({ model }: { model: Model }) {
  const summary = model.summary;
  const card = summary?.card ?? model.card ?? {};
  const classes = card.classes ?? [];
  const origins = summary?.origins;
  const origin = (field: 'head' | 'input' | 'preprocessing' | 'classes') =>
    origins?.[field] && <span class="muted"> ← {origins[field]}</span>;
  const preprocessing = card.preprocessing;
  return (
    <div class="columns">
      <Card title="Card">
        <Facts
          of={[
            [
              'Head',
              <>
                {card.head ?? format.missing}
                {origin('head')}
              </>,
            ],
            [
              'Input',
              <>
                {format.size(card.input)}
                {summary ? `, stride ${summary.stride}` : ''}
                {origin('input')}
              </>,
            ],
            [
              'Preparation',
              <>
                {preprocessing
                  ? `${preprocessing.color}, ${preprocessing.resize}, mean ${JSON.stringify(preprocessing.mean)}, std ${JSON.stringify(preprocessing.std)}`
                  : format.missing}
                {origin('preprocessing')}
              </>,
            ],
            [
              'Classes',
              classes.length > 12
                ? `${classes.length}: ${classes.slice(0, 12).join(', ')}…`
                : classes.join(', ') || format.missing,
            ],
            ['SHA-256', <code class="wrap">{model.sha256}</code>],
          ]}
        />
      </Card>
      {summary && (
        <Card title="What may go">
          <Facts
            of={[
              [
                'Groups',
                `${summary.groups.length} of channels, ${format.plural(
                  summary.groups.reduce((sum, group) => sum + group.channels, 0),
                  'channel',
                )}`,
              ],
              ['Frozen', format.plural(summary.frozen.length, 'layer')],
              [
                'Blocks',
                `${(summary.stages ?? []).reduce((sum, stage) => sum + stage.blocks.length, 0)} can be skipped`,
              ],
              ['Kernels', `${summary.kernels?.length ?? 0} can be smaller`],
              [
                'Sizes tried',
                (summary.tried?.sizes ?? []).map((one) => format.size(one.size)).join(', ') ||
                  format.missing,
              ],
            ]}
          />
          <ul class="plain">
            {summary.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

function Understood({ summary, jobs }: { summary: Summary; jobs: Job[] }) {
  const { query } = usePlace();
  const tab = query.get('tab') ?? 'groups';
  type Group = Summary['groups'][number];
  const columns: Column<Group>[] = [
    {
      key: 'name',
      title: 'Group',
      sort: (g) => g.name,
      cell: (g) => <code title={g.name}>{g.name}</code>,
      class: 'fill',
    },
    {
      key: 'channels',
      title: 'Channels',
      right: true,
      sort: (g) => g.channels,
      cell: (g) => g.channels,
    },
    {
      key: 'widths',
      title: 'Widths',
      right: true,
      sort: (g) => g.widths.length,
      cell: (g) =>
        g.widths.length > 2
          ? `${g.widths[0]}, ${g.widths[1]} … ${g.widths.at(-1)}`
          : g.widths.join(', '),
    },
    {
      key: 'flow',
      title: 'Producers → consumers',
      wide: true,
      right: true,
      sort: (g) => g.consumers.length,
      cell: (g) => (
        <span title={`${g.producers.join(', ')} → ${g.consumers.join(', ')}`}>
          {g.producers.length} → {g.consumers.length}
        </span>
      ),
    },
  ];
  return (
    <>
      <Tabs
        label="What was understood"
        tabs={[
          ['groups', `Groups ${summary.groups.length}`],
          ['frozen', `Frozen ${summary.frozen.length}`],
          ['layers', `Layers ${summary.layers.length}`],
          ['jobs', `Jobs ${jobs.length}`],
        ]}
        chosen={tab}
        choose={(to) => choose({ tab: to === 'groups' ? null : to })}
      />
      <div role="tabpanel" aria-label={tab}>
        {tab === 'groups' && (
          <div class="card flush">
            <Table
              label="Groups"
              rows={summary.groups}
              columns={columns}
              rowKey={(g) => g.name}
              order={orderIn(query.get('order'), { key: '', down: false })}
              setOrder={(to) => choose({ order: orderText(to) })}
            />
          </div>
        )}
        {tab === 'frozen' && (
          <div class="card flush">
            <Table
              label="Frozen layers"
              rows={summary.frozen}
              columns={[
                {
                  key: 'layer',
                  title: 'Layer',
                  sort: (f) => f.layer,
                  cell: (f) => <code>{f.layer}</code>,
                },
                {
                  key: 'channels',
                  title: 'Channels',
                  right: true,
                  sort: (f) => f.channels,
                  cell: (f) => f.channels,
                },
                {
                  key: 'reason',
                  title: 'Why',
                  class: 'fill',
                  cell: (f) => <span title={f.reason}>{f.reason}</span>,
                },
              ]}
              rowKey={(f) => f.layer}
              order={orderIn(query.get('order'), { key: '', down: false })}
              setOrder={(to) => choose({ order: orderText(to) })}
            />
          </div>
        )}
        {tab === 'layers' && (
          <div class="card flush">
            <Table
              label="Layers"
              rows={summary.layers}
              columns={[
                {
                  key: 'name',
                  title: 'Layer',
                  sort: (l) => l.name,
                  cell: (l) => <code>{l.name}</code>,
                  class: 'fill',
                },
                { key: 'op', title: 'Operator', sort: (l) => l.op, cell: (l) => l.op },
                {
                  key: 'macs',
                  title: 'MACs',
                  right: true,
                  sort: (l) => l.macs,
                  cell: (l) => format.count(l.macs),
                },
                {
                  key: 'parameters',
                  title: 'Parameters',
                  right: true,
                  sort: (l) => l.parameters,
                  cell: (l) => format.count(l.parameters),
                },
              ]}
              rowKey={(l) => l.name}
              order={orderIn(query.get('order'), { key: '', down: false })}
              setOrder={(to) => choose({ order: orderText(to) })}
            />
          </div>
        )}
        {tab === 'jobs' && (
          <Card title="Jobs on this model">
            {jobs.length === 0 ? (
              <p class="muted">None yet.</p>
            ) : (
              <ul class="bare">
                {jobs.map((job) => (
                  <li key={job.id}>
                    <a href={`/jobs/${job.id}`}>Job {job.id}</a> <State of={job.state} />{' '}
                    {job.targets.join(', ')}
                  </li>
                ))}
              </ul>
            )}
          </Card>
        )}
      </div>
    </>
  );
}
