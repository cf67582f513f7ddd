// Who measures: devices with their workers, targets with who serves them, and what waits.
import { useMemo } from 'preact/hooks';
import { useLive, useNow } from '../api/live.ts';
import type { Health, Page, Target, Worker } from '../api/types.ts';
import * as format from '../format.ts';
import { Card, Command, Empty, Facts, NoPage, Skeleton, State, Title } from '../ui/parts.tsx';

interface Device {
  id: string;
  workers: Worker[];
}

// Of those that were lost, the ones that nobody started again under the same name.
function standing(workers: readonly Worker[]): Worker[] {
  const alive = new Set(
    workers.filter((one) => one.state !== 'lost').map((one) => `${one.device} ${one.name}`),
  );
  const seen = new Set<string>();
  return [...workers]
    .sort((a, b) => b.last_seen.localeCompare(a.last_seen))
    .filter((worker) => {
      const who = `${worker.device} ${worker.name}`;
      if (worker.state === 'lost' && (alive.has(who) || seen.has(who))) return false;
      seen.add(who);
      return true;
    });
}

function devicesOf(workers: readonly Worker[]): Device[] {
  const by = new Map<string, Worker[]>();
  for (const worker of workers) by.set(worker.device, [...(by.get(worker.device) ?? []), worker]);
  return [...by]
    .map(([id, own]) => ({ id, workers: own.sort((a, b) => a.name.localeCompare(b.name)) }))
    .sort((a, b) => a.workers[0]!.name.localeCompare(b.workers[0]!.name));
}

export function Fleet() {
  const now = useNow(1000);
  const workers = useLive<Page<Worker>>('/v1/workers?limit=1000', 2000);
  const targets = useLive<Page<Target>>('/v1/targets?limit=1000', 5000);
  const health = useLive<Health>('/healthz', 3000);
  const list = useMemo(() => standing(workers.data?.items ?? []), [workers.data]);
  const devices = useMemo(() => devicesOf(list), [list]);
  if (workers.problem && !workers.data)
    return <NoPage title="Fleet" problem={workers.problem} again={workers.refresh} />;
  const busy = list.filter((worker) => worker.state === 'busy').length;
  const lost = list.filter((worker) => worker.state === 'lost').length;
  return (
    <>
      <Title
        sub={
          workers.data &&
          `${format.plural(devices.length, 'device')}, ${format.plural(list.length - lost, 'worker')}, ${busy} busy${lost ? `, ${lost} lost` : ''}`
        }
      >
        Fleet
      </Title>
      {health.data && health.data.waiting > 0 && (
        <p class="note warn">
          {format.plural(health.data.waiting, 'task waits', 'tasks wait')} through nobody’s fault
          {health.data.waiting_reason ? `: ${health.data.waiting_reason}` : '.'}
        </p>
      )}
      {!workers.data && <Skeleton lines={6} />}
      {workers.data && list.length === 0 && (
        <Empty title="No worker has been heard of">
          <p>A worker runs on each device that candidates are measured on. On this machine:</p>
          <Command text="pare up" />
          <p>On another one, with the address of this service:</p>
          <Command
            text={`pare-worker --coordinator ${location.origin} --endpoint tcp://${location.hostname}:${Number(location.port || 80) + 1} --pool default`}
          />
        </Empty>
      )}
      <div class="columns">
        {devices.map((device) => (
          <DeviceCard key={device.id} device={device} now={now} />
        ))}
      </div>
      <Targets targets={targets.data?.items} />
    </>
  );
}

function DeviceCard({ device, now }: { device: Device; now: number }) {
  const probe = device.workers[0]!.probe;
  const runtimes = new Map(
    device.workers.flatMap((worker) => worker.runtimes.map((runtime) => [runtime.name, runtime])),
  );
  const pools = [...new Set(device.workers.flatMap((worker) => worker.pools))];
  return (
    <Card
      title={probe?.cpu_model ?? 'Device'}
      aside={<code title={device.id}>{format.short(device.id)}</code>}
    >
      <Facts
        of={[
          [
            'Machine',
            [
              probe?.architecture,
              probe?.cores && format.plural(probe.cores, 'core'),
              probe?.frequency_mhz && `${format.count(Math.round(probe.frequency_mhz))} MHz`,
              probe?.memory_bytes && format.bytes(probe.memory_bytes),
            ]
              .filter(Boolean)
              .join(', '),
          ],
          ['Pools', pools.join(', ')],
          [
            'Runtimes',
            <ul class="bare">
              {[...runtimes.values()].map((runtime) => (
                <li key={runtime.name}>
                  {runtime.name} <span class="muted">{runtime.version}</span>{' '}
                  <span class="muted">{runtime.precisions.join(', ')}</span>
                </li>
              ))}
            </ul>,
          ],
        ]}
      />
      <div class="table static" tabIndex={0} role="region" aria-label="Workers of the device">
        <table>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">State</th>
              <th scope="col">Task</th>
              <th scope="col" class="right">
                Last seen
              </th>
            </tr>
          </thead>
          <tbody>
            {device.workers.map((worker) => (
              <tr key={worker.session}>
                <th scope="row">
                  {worker.name}
                  {worker.capabilities.includes('train') && <span class="muted"> trains</span>}
                </th>
                <td>
                  <State of={worker.state} />
                </td>
                <td>
                  {worker.tasks.length
                    ? worker.tasks.map((task) => `#${task}`).join(', ')
                    : format.missing}
                </td>
                <td class="right">{format.ago(worker.last_seen, now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Targets({ targets }: { targets: Target[] | undefined }) {
  if (!targets) return null;
  return (
    <Card title="Targets" aside="what a job optimises for">
      {targets.length === 0 ? (
        <>
          <p class="muted">None yet.</p>
          <Command text="pare target add x86 --runtime onnxruntime --threads 1" />
        </>
      ) : (
        <div class="table static" tabIndex={0} role="region" aria-label="Targets">
          <table>
            <thead>
              <tr>
                <th scope="col">Target</th>
                <th scope="col">Runtime</th>
                <th scope="col">Pool</th>
                <th scope="col" class="right">
                  Threads
                </th>
                <th scope="col">Precisions</th>
                <th scope="col">Served by</th>
              </tr>
            </thead>
            <tbody>
              {targets.map((target) => (
                <tr key={target.name}>
                  <th scope="row">{target.name}</th>
                  <td>{target.runtime}</td>
                  <td>{target.pool}</td>
                  <td class="right">{target.threads}</td>
                  <td>{target.precisions.join(', ')}</td>
                  <td>
                    {target.served ? (
                      format.plural(target.workers, 'worker')
                    ) : (
                      <span class="warn-text">nobody: jobs on it wait</span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
