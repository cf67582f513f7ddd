// The datasets: how many images, and how many boxes of each class.
import { all } from '../api/client.ts';
import { useLive, usePolled } from '../api/live.ts';
import type { Dataset } from '../api/types.ts';
import * as format from '../format.ts';
import { choose, usePlace } from '../router.ts';
import { Card, Command, Empty, Facts, NoPage, Skeleton, State, Title } from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

export function Datasets() {
  const { query } = usePlace();
  const live = usePolled<Dataset[]>(
    (signal) => all<Dataset>('/v1/datasets', signal),
    'datasets',
    4000,
  );
  if (live.problem && !live.data)
    return <NoPage title="Datasets" problem={live.problem} again={live.refresh} />;
  const columns: Column<Dataset>[] = [
    {
      key: 'name',
      title: 'Dataset',
      sort: (d) => d.name,
      cell: (d) => <a href={`/datasets/${d.name}`}>{d.name}</a>,
    },
    { key: 'state', title: 'State', sort: (d) => d.state, cell: (d) => <State of={d.state} /> },
    {
      key: 'calibration',
      title: 'Calibration',
      unit: 'images',
      right: true,
      sort: (d) => d.calibration_images,
      cell: (d) => d.calibration_images,
    },
    {
      key: 'validation',
      title: 'Validation',
      unit: 'images',
      right: true,
      sort: (d) => d.validation_images,
      cell: (d) => d.validation_images,
    },
    {
      key: 'boxes',
      title: 'Boxes',
      right: true,
      wide: true,
      sort: (d) => d.boxes,
      cell: (d) => (d.labelled ? d.boxes : 'no labels'),
    },
    {
      key: 'reason',
      title: 'Remark',
      wide: true,
      class: 'fill',
      cell: (d) => d.reason && <span class="bad-text">{d.reason}</span>,
    },
  ];
  return (
    <>
      <div class="head-row">
        <Title>Datasets</Title>
        <a class="button primary" href="/new">
          Add one for a job
        </a>
      </div>
      {!live.data && <Skeleton />}
      {live.data?.length === 0 && (
        <Empty title="No images yet">
          <p>
            Some to calibrate on, which need no labels, and others to score on. Without labels,
            accuracy is agreement with the original’s own detections, and every number says so.
          </p>
          <Command text="pare dataset add --name photos --calibration some/images --val other/images --labels labels.json" />
        </Empty>
      )}
      {live.data && live.data.length > 0 && (
        <div class="card flush">
          <Table
            label="Datasets"
            rows={live.data}
            columns={columns}
            rowKey={(d) => d.sha256}
            order={orderIn(query.get('order'), { key: 'name', down: false })}
            setOrder={(to) => choose({ order: orderText(to) })}
          />
        </div>
      )}
    </>
  );
}

export function DatasetPage({ id }: { id: string }) {
  const live = useLive<Dataset>(`/v1/datasets/${encodeURIComponent(id)}`, 2500);
  const dataset = live.data;
  if (live.problem && !dataset)
    return <NoPage title={`Dataset ${id}`} problem={live.problem} again={live.refresh} />;
  if (!dataset) {
    return (
      <>
        <Title>Dataset {id}</Title>
        <Skeleton />
      </>
    );
  }
  return (
    <>
      <div class="head-row">
        <Title
          sub={`${format.plural(dataset.calibration_images, 'image')} to calibrate on, ${format.plural(dataset.validation_images, 'image')} to score on`}
        >
          {dataset.name} <State of={dataset.state} />
        </Title>
        <a class="button" href={`/new?dataset=${encodeURIComponent(dataset.name)}`}>
          New job
        </a>
      </div>
      {dataset.state === 'rejected' && (
        <div class="trouble" role="alert">
          <strong>{dataset.reason}</strong>
        </div>
      )}
      <DatasetFacts dataset={dataset} />
    </>
  );
}

export function DatasetFacts({ dataset }: { dataset: Dataset }) {
  const most = Math.max(1, ...dataset.class_boxes);
  return (
    <div class="columns">
      <Card
        title="Labels"
        aside={dataset.labelled ? format.plural(dataset.boxes, 'box', 'boxes') : 'none'}
      >
        {!dataset.labelled && (
          <p class="muted">
            Accuracy is then agreement with the original’s detections, and every number says so.
          </p>
        )}
        {dataset.classes.length > 0 && (
          <table class="bars" aria-label="Boxes by class">
            <tbody>
              {dataset.classes.map((name, i) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="right">{dataset.class_boxes[i] ?? 0}</td>
                  <td class="bar-column">
                    <span class="of-bar" aria-hidden="true">
                      <span style={{ width: `${(100 * (dataset.class_boxes[i] ?? 0)) / most}%` }} />
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
      <Card title="Facts">
        <Facts
          of={[
            ['Added', format.clock(dataset.created_at)],
            ['SHA-256', <code class="wrap">{dataset.sha256}</code>],
          ]}
        />
        <ul class="plain">
          {(dataset.notes ?? []).map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      </Card>
    </div>
  );
}
