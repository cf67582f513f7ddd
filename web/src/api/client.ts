// Asks the API: with the token where there is one, and with the ETag of what is known already, so
// that what did not change is neither sent nor drawn again.
import type { Page } from './types.ts';

const tokenKey = 'pare-token';

// A problem document (RFC 9457), or why there is no answer at all (status 0).
export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  readonly field: string | undefined;
  readonly value: unknown;

  constructor(status: number, title: string, detail: string, field?: string, value?: unknown) {
    super(title);
    this.status = status;
    this.detail = detail;
    this.field = field;
    this.value = value;
  }
}

export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem(0, 'Something went wrong in this page', String(thrown));
}

export const token = {
  get(): string | null {
    return sessionStorage.getItem(tokenKey);
  },
  set(text: string): void {
    sessionStorage.setItem(tokenKey, text);
  },
  forget(): void {
    sessionStorage.removeItem(tokenKey);
    known.clear();
  },
};

// When the service was last heard of; whoever draws it listens.
type Listener = () => void;
const listeners = new Set<Listener>();
export const link = {
  answered: true,
  lastAnswer: 0,
  refused: false, // a token is asked for, or another one
  listen(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

function note(answered: boolean, refused: boolean): void {
  const changed = link.answered !== answered || link.refused !== refused;
  link.answered = answered;
  if (answered) link.lastAnswer = Date.now();
  link.refused = refused;
  if (changed) for (const listener of [...listeners]) listener();
}

export function tellListeners(): void {
  link.refused = false;
  for (const listener of [...listeners]) listener();
}

function withToken(headers: Record<string, string>): Record<string, string> {
  const text = token.get();
  return text ? { ...headers, Authorization: `Bearer ${text}` } : headers;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const said = (await response.json()) as Record<string, unknown>;
    return new Problem(
      response.status,
      String(said['title'] ?? response.statusText),
      String(said['detail'] ?? ''),
      said['field'] === undefined ? undefined : String(said['field']),
      said['value'],
    );
  } catch {
    return new Problem(response.status, `The service answered ${response.status}`, '');
  }
}

const longestWait = 60_000; // milliseconds: the first look at a job of thousands takes its time

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  // A service that stands still is as good as away, for whoever only reads.
  const patience = init.method ? [] : [AbortSignal.timeout(longestWait)];
  const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), ...patience]);
  try {
    response = await fetch(path, { ...init, signal, cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    note(false, link.refused);
    throw new Problem(
      0,
      'The service does not answer',
      'It may be starting, or have been stopped.',
    );
  }
  note(true, response.status === 401);
  return response;
}

// Documents by their path, with the tag that they came with.
const known = new Map<string, { etag: string; value: unknown }>();
const mostKnown = 300;

// The same object again where nothing changed.
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const before = known.get(path);
  const headers = withToken(before ? { 'If-None-Match': before.etag } : {});
  const response = await send(path, { headers, ...(signal ? { signal } : {}) });
  if (response.status === 304 && before) return before.value as T;
  if (!response.ok && !(path === '/healthz' && response.status === 503)) {
    throw await problemOf(response);
  }
  const value = (await response.json()) as T;
  const etag = response.headers.get('ETag');
  known.delete(path);
  if (etag) known.set(path, { etag, value });
  if (known.size > mostKnown) known.delete(known.keys().next().value as string);
  return value;
}

export async function change<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  key?: string,
): Promise<T> {
  const headers = withToken({
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(key ? { 'Idempotency-Key': key } : {}),
  });
  const response = await send(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

// Every entry of a list, page by page.
export async function all<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  const mark = path.includes('?') ? '&' : '?';
  const items: T[] = [];
  let cursor = '';
  for (;;) {
    const page = await get<Page<T>>(`${path}${mark}limit=1000${cursor}`, signal);
    items.push(...page.items);
    if (!page.next) return items;
    cursor = `&cursor=${page.next}`;
  }
}

// Sends bytes whose name is known; `progress` hears the share that is gone.
export function upload(
  sha256: string,
  content: Blob,
  progress: (share: number) => void,
): Promise<void> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open('PUT', `/v1/blobs/${sha256}`);
    for (const [name, value] of Object.entries(
      withToken({ 'Content-Type': 'application/octet-stream' }),
    )) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onerror = () =>
      failed(new Problem(0, 'The upload broke off', 'The service does not answer.'));
    request.onload = () => {
      if (request.status === 200 || request.status === 201) return done();
      let detail = request.statusText;
      try {
        detail = String((JSON.parse(request.responseText) as { detail?: unknown }).detail);
      } catch {
        // No problem document: its status says enough.
      }
      failed(new Problem(request.status, 'The upload was refused', detail));
    };
    request.send(content);
  });
}

// Saves a file of the API.  A link cannot show a token, so it is fetched here where there is one.
export async function download(path: string, name: string): Promise<void> {
  const response = await send(path, { method: 'GET', headers: withToken({}) });
  if (!response.ok) throw await problemOf(response);
  save(await response.blob(), name);
}

export function save(content: Blob | string, name: string): void {
  const blob = typeof content === 'string' ? new Blob([content], { type: 'text/csv' }) : content;
  const address = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
