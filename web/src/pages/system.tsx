// The service itself: whether it is well, which versions run, who may ask what, and what was done.
import { useState } from 'preact/hooks';
import { all, asProblem, change, type Problem } from '../api/client.ts';
import { useLive, useNow, usePolled } from '../api/live.ts';
import type { AuditEntry, Health, NewToken, Page, Token, WhoAmI, Worker } from '../api/types.ts';
import * as format from '../format.ts';
import { choose, usePlace } from '../router.ts';
import { Card, Command, Copy, Facts, Skeleton, State, Title, Trouble } from '../ui/parts.tsx';
import { type Column, orderIn, orderText, Table } from '../ui/table.tsx';

function sentenceOf(health: Health): string {
  if (health.reason) return health.reason;
  if (health.status !== 'ok') return 'Something the service needs is away.';
  if (health.workers === 0) return 'The service runs; no worker does: jobs wait.';
  return 'All is well.';
}

export function System() {
  const now = useNow(2000);
  const health = useLive<Health>('/healthz', 2000);
  const who = useLive<WhoAmI>('/v1/whoami');
  const workers = useLive<Page<Worker>>('/v1/workers?limit=1000', 5000);
  const admin = who.data?.access === 'tokens' && who.data.scopes.includes('admin');
  const versions = new Map<string, Set<string>>();
  for (const worker of workers.data?.items ?? []) {
    for (const runtime of worker.runtimes) {
      versions.set(runtime.name, (versions.get(runtime.name) ?? new Set()).add(runtime.version));
    }
  }
  return (
    <>
      <Title sub={health.data && sentenceOf(health.data)}>System</Title>
      {health.problem && <Trouble problem={health.problem} again={health.refresh} />}
      {!health.data && !health.problem && <Skeleton />}
      <div class="columns">
        {health.data && (
          <Card title="Service" aside={<State of={health.data.status} />}>
            <Facts
              of={[
                ['Version', health.data.version],
                ['Database', <State of={health.data.database} />],
                ['Artifacts', <State of={health.data.artifacts} />],
                ['Workers', <a href="/fleet">{health.data.workers}</a>],
                [
                  'Waiting',
                  `${format.plural(health.data.waiting, 'task')}${health.data.waiting_reason ? `: ${health.data.waiting_reason}` : ''}`,
                ],
                ['Largest upload', format.bytes(health.data.max_blob_bytes)],
                ...(health.data.since
                  ? [['Since', format.ago(health.data.since, now)] as [string, string]]
                  : []),
              ]}
            />
          </Card>
        )}
        <Card title="Runtimes in the fleet">
          {versions.size === 0 ? (
            <p class="muted">No worker has said any.</p>
          ) : (
            <Facts
              of={[...versions].map(([name, list]) => [
                name,
                <span class={list.size > 1 ? 'warn-text' : ''}>
                  {[...list].join(', ')}
                  {list.size > 1 && ' (they differ)'}
                </span>,
              ])}
            />
          )}
        </Card>
        <Card title="Who asks">
          {who.data?.access === 'open' && (
            <>
              <p>Whoever is on this machine may everything; nobody else is answered.</p>
              <p class="muted">With tokens it serves a network:</p>
              <Command text="pare up --tokens" />
            </>
          )}
          {who.data?.access === 'tokens' && (
            <Facts
              of={[
                ['Owner', who.data.owner ?? format.missing],
                ['Scopes', who.data.scopes.join(', ')],
              ]}
            />
          )}
        </Card>
      </div>
      {admin && <Tokens />}
      {admin && <Audit />}
    </>
  );
}

const scopes = ['read', 'submit', 'worker', 'admin'];

function Tokens() {
  const { query } = usePlace();
  const now = useNow(5000);
  const live = usePolled<Token[]>((signal) => all<Token>('/v1/tokens', signal), 'tokens', 5000);
  const [made, setMade] = useState<{ name: string; token: string }>();
  const [problem, setProblem] = useState<Problem>();
  const doing = async (what: () => Promise<void>): Promise<void> => {
    try {
      await what();
      setProblem(undefined);
      live.refresh();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  const create = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    void doing(async () => {
      const days = String(data.get('days') ?? '');
      setMade(
        await change<NewToken>('POST', '/v1/tokens', {
          name: String(data.get('name')),
          scopes: scopes.filter((scope) => data.has(scope)),
          ...(days ? { days: Number(days) } : {}),
        }),
      );
      form.reset();
    });
  };
  const columns: Column<Token>[] = [
    { key: 'name', title: 'Token', sort: (t) => t.name, cell: (t) => t.name },
    { key: 'owner', title: 'Owner', sort: (t) => t.owner, cell: (t) => t.owner },
    { key: 'scopes', title: 'Scopes', cell: (t) => t.scopes.join(', ') },
    {
      key: 'used',
      title: 'Used',
      wide: true,
      sort: (t) => t.used_at,
      cell: (t) => format.ago(t.used_at, now),
    },
    {
      key: 'expires',
      title: 'Expires',
      wide: true,
      sort: (t) => t.expires_at,
      cell: (t) => format.clock(t.expires_at),
      class: 'fill',
    },
    {
      key: 'revoke',
      title: 'Revoke',
      cell: (t) => (
        <button
          type="button"
          class="small danger"
          aria-label={`Revoke ${t.name}`}
          onClick={() =>
            window.confirm(`Revoke ${t.name}? Whoever uses it is refused at once.`) &&
            void doing(async () => {
              await change('DELETE', `/v1/tokens/${encodeURIComponent(t.name)}`);
            })
          }
        >
          Revoke
        </button>
      ),
    },
  ];
  return (
    <Card title="Tokens" class="flush">
      <form class="row-form pad" onSubmit={create}>
        <span class="field">
          <label for="token-name">Name</label>
          <input
            id="token-name"
            name="name"
            required
            pattern="[A-Za-z0-9_+][A-Za-z0-9._+\-]*"
            maxLength={100}
          />
        </span>
        <fieldset>
          <legend>Scopes</legend>
          {scopes.map((scope) => (
            <label key={scope}>
              <input type="checkbox" name={scope} defaultChecked={scope === 'read'} /> {scope}
            </label>
          ))}
        </fieldset>
        <span class="field">
          <label for="token-days">Days</label>
          <input id="token-days" name="days" type="number" min={1} placeholder="for good" />
        </span>
        <button type="submit" class="primary">
          Make a token
        </button>
      </form>
      {made && (
        <div class="note pad" role="status">
          <p>
            The token <strong>{made.name}</strong> is shown this once:{' '}
            <code class="wrap">{made.token}</code> <Copy text={made.token} />
          </p>
        </div>
      )}
      {problem && <Trouble problem={problem} />}
      {live.data && (
        <Table
          label="Tokens"
          rows={live.data}
          columns={columns}
          rowKey={(t) => t.name}
          order={orderIn(query.get('tokens'), { key: 'name', down: false })}
          setOrder={(to) => choose({ tokens: orderText(to) })}
          height={360}
        />
      )}
    </Card>
  );
}

function Audit() {
  const { query } = usePlace();
  const live = usePolled<AuditEntry[]>(
    (signal) => all<AuditEntry>('/v1/audit', signal),
    'audit',
    8000,
  );
  const rows = (live.data ?? []).map((entry, i) => ({ ...entry, i }));
  const columns: Column<AuditEntry & { i: number }>[] = [
    { key: 'at', title: 'When', sort: (e) => e.at, cell: (e) => format.clock(e.at) },
    {
      key: 'owner',
      title: 'Who',
      sort: (e) => e.owner ?? '',
      cell: (e) => e.owner ?? 'nobody known',
    },
    { key: 'token', title: 'Token', wide: true, cell: (e) => e.token ?? format.missing },
    {
      key: 'what',
      title: 'What',
      class: 'fill',
      sort: (e) => e.path,
      cell: (e) => (
        <code title={`${e.method} ${e.path}`}>
          {e.method} {e.path}
        </code>
      ),
    },
    {
      key: 'status',
      title: 'Status',
      right: true,
      sort: (e) => e.status,
      cell: (e) => <span class={e.status >= 400 ? 'bad-text' : ''}>{e.status}</span>,
    },
    {
      key: 'times',
      title: 'Times',
      right: true,
      wide: true,
      sort: (e) => e.times ?? 1,
      cell: (e) => e.times ?? 1,
    },
  ];
  return (
    <Card title="Audit" aside="what changed something, and what was refused" class="flush">
      <Table
        label="Audit"
        rows={rows}
        columns={columns}
        rowKey={(e) => e.i}
        order={orderIn(query.get('audit'), { key: 'at', down: true })}
        setOrder={(to) => choose({ audit: orderText(to) })}
        height={420}
      />
    </Card>
  );
}
