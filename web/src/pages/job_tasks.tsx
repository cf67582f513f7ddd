// The tasks of a job: what was done for it, where, and what failed.  Asked for when it is opened.
import { useState } from 'preact/hooks';
import { all } from '../api/client.ts';
import { usePolled } from '../api/live.ts';
import type { Job, Task } from '../api/types.ts';
import { isFinal } from '../domain/job.ts';
import * as format from '../format.ts';
import { choose, usePlace } from '../router.ts';
import { Card, Skeleton, State, Trouble } from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

const columns: Column<Task>[] = [
  { key: 'id', title: 'Task', right: true, sort: (t) => t.id, cell: (t) => t.id },
  { key: 'kind', title: 'Kind', sort: (t) => t.kind ?? '', cell: (t) => t.kind },
  {
    key: 'trial',
    title: 'Trial',
    right: true,
    sort: (t) => t.trial,
    cell: (t) => t.trial ?? format.missing,
  },
  { key: 'state', title: 'State', sort: (t) => t.state, cell: (t) => <State of={t.state} /> },
  {
    key: 'attempt',
    title: 'Attempt',
    right: true,
    wide: true,
    sort: (t) => t.attempt,
    cell: (t) => t.attempt || format.missing,
  },
  {
    key: 'took',
    title: 'Ended after',
    right: true,
    wide: true,
    hint: 'Since it was queued',
    sort: (t) => (t.finished_at ? Date.parse(t.finished_at) - Date.parse(t.created_at) : undefined),
    cell: (t) =>
      t.finished_at
        ? format.duration((Date.parse(t.finished_at) - Date.parse(t.created_at)) / 1000)
        : format.percent(t.progress),
  },
  {
    key: 'device',
    title: 'Device',
    wide: true,
    sort: (t) => t.device ?? '',
    cell: (t) =>
      t.device ? <code title={t.device}>{format.short(t.device)}</code> : format.missing,
  },
  {
    key: 'message',
    title: 'Said last',
    class: 'fill',
    cell: (t) => {
      const said =
        t.reason ??
        t.waiting_reason ??
        (t.suspended ? 'stands still for a measurement' : t.message);
      return (
        <span title={said} class={t.reason ? 'bad-text' : 'muted'}>
          {said}
        </span>
      );
    },
  },
];

export function Tasks({ job }: { job: Job }) {
  const [open, setOpen] = useState(false);
  const { query } = usePlace();
  const live = usePolled<Task[]>(
    open ? (signal) => all<Task>(`/v1/jobs/${job.id}/tasks`, signal) : null,
    `tasks ${job.id}`,
    isFinal(job.state) ? 0 : 3000,
  );
  return (
    <Card
      title="Tasks"
      class="flush"
      aside={
        <button
          type="button"
          class="small quiet"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Hide' : 'Show what was done, and where'}
        </button>
      }
    >
      <div class={open ? '' : 'pad-bottom'}>
        {open && live.problem && <Trouble problem={live.problem} again={live.refresh} />}
        {open && !live.data && !live.problem && <Skeleton lines={3} />}
        {open && live.data && (
          <Table
            label="Tasks of the job"
            rows={live.data}
            columns={columns}
            rowKey={(t) => t.id}
            order={orderIn(query.get('tasks'), { key: 'id', down: true })}
            setOrder={(to) => choose({ tasks: orderText(to) })}
            height={420}
          />
        )}
      </div>
    </Card>
  );
}
