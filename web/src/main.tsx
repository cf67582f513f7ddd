// The frame of all pages: where one is, whether the service answers, and who asks.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, get, type Problem, tellListeners, token } from './api/client.ts';
import { useLink, useNow } from './api/live.ts';
import type { WhoAmI } from './api/types.ts';
import { clock } from './format.ts';
import { ComparisonPage, Comparisons } from './pages/comparisons.tsx';
import { DatasetPage, Datasets } from './pages/datasets.tsx';
import { Fleet } from './pages/fleet.tsx';
import { JobPage } from './pages/job.tsx';
import { Jobs } from './pages/jobs.tsx';
import { ModelPage, Models } from './pages/models.tsx';
import { NewJob } from './pages/new_job.tsx';
import { CandidatePage, PlanPage } from './pages/plan.tsx';
import { System } from './pages/system.tsx';
import { followLinks, go, routeOf, usePlace } from './router.ts';
import { Dialog, Skeleton, Title, Trouble } from './ui/parts.tsx';

const places: [string, string, string][] = [
  ['/jobs', 'Jobs', 'j'],
  ['/models', 'Models', 'm'],
  ['/datasets', 'Datasets', 'd'],
  ['/fleet', 'Fleet', 'f'],
  ['/comparisons', 'Compare', 'c'],
  ['/system', 'System', 's'],
];

function Shown({ path }: { path: string }) {
  const { page, id } = routeOf(path);
  switch (page) {
    case 'jobs':
      return <Jobs />;
    case 'job':
      return <JobPage key={id} id={id} />;
    case 'plan':
      return <PlanPage key={id} id={id} />;
    case 'candidate':
      return <CandidatePage key={id} id={id} />;
    case 'models':
      return <Models />;
    case 'model':
      return <ModelPage key={id} id={id} />;
    case 'datasets':
      return <Datasets />;
    case 'dataset':
      return <DatasetPage key={id} id={id} />;
    case 'fleet':
      return <Fleet />;
    case 'comparisons':
      return <Comparisons />;
    case 'comparison':
      return <ComparisonPage key={id} id={id} />;
    case 'new':
      return <NewJob />;
    case 'system':
      return <System />;
    default:
      return (
        <>
          <Title>There is no such page</Title>
          <p>
            <a href="/jobs">The jobs</a> are a good place to begin.
          </p>
        </>
      );
  }
}

function titleOf(path: string): string {
  const { page, id } = routeOf(path);
  const word = page.charAt(0).toUpperCase() + page.slice(1);
  return `${id ? `${word} ${id}` : word} · Pare`;
}

function Mark() {
  const link = useLink();
  useNow(5000);
  if (link.answered) {
    return (
      <span class="mark live" title="The service answers">
        <span aria-hidden="true">●</span> live
      </span>
    );
  }
  const since = link.lastAnswer
    ? ` since ${new Date(link.lastAnswer).toLocaleTimeString('en-GB')}`
    : '';
  return (
    <span class="mark away" role="status">
      <span aria-hidden="true">○</span> away{since}
    </span>
  );
}

function Theme() {
  const [theme, setTheme] = useState(document.documentElement.dataset['theme'] ?? 'light');
  const turn = (): void => {
    const next = theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    localStorage.setItem('pare-theme', next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="icon"
      onClick={turn}
      aria-label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
    >
      <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
      </svg>
    </button>
  );
}

// A job by its number, a plan or a candidate by its digits, else a search in the jobs.
async function find(text: string): Promise<string> {
  if (/^\d{1,7}$/.test(text)) return `/jobs/${text}`;
  if (/^[0-9a-f]{8,64}$/.test(text)) {
    try {
      await get(`/v1/plans/${text}`);
      return `/plans/${text}`;
    } catch {
      return `/candidates/${text}`;
    }
  }
  return `/jobs?q=${encodeURIComponent(text)}`;
}

function Search() {
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem('what') as HTMLInputElement;
        const text = field.value.trim().toLowerCase();
        if (text) void find(text).then((address) => go(address));
        field.value = '';
        field.blur();
      }}
    >
      <input
        name="what"
        type="search"
        aria-label="Find a job or plan"
        placeholder="Job, plan…"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  );
}

const keys: [string, string][] = [
  ['/', 'search for a job, a plan or a candidate'],
  ['g then j m d f c s', 'jobs, models, datasets, fleet, compare, system'],
  ['n', 'a new job'],
  ['j k, arrows', 'walk the rows of a table; Enter opens one'],
  ['t', 'light or dark'],
  ['?', 'this'],
];

function useKeys(help: () => void): void {
  useEffect(() => {
    let before = '';
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as Element).closest?.('input, select, textarea, dialog')) return;
      const to = places.find(([, , key]) => key === event.key)?.[0];
      if (before === 'g' && to) go(to);
      else if (event.key === 'n' && before !== 'g') go('/new');
      else if (event.key === '?') help();
      else if (event.key === 't') document.querySelector<HTMLElement>('header .icon')?.click();
      else if (event.key === '/') {
        event.preventDefault();
        document.querySelector<HTMLElement>('.search input')?.focus();
      }
      before = event.key;
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [help]);
}

function SignIn({ again, wrong }: { again: () => void; wrong: boolean }) {
  const [problem, setProblem] = useState<Problem>();
  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('token');
    token.set((field as HTMLInputElement).value.trim());
    try {
      await get('/v1/whoami');
      tellListeners();
      again();
    } catch (thrown) {
      token.forget();
      setProblem(asProblem(thrown));
    }
  };
  return (
    <main id="main" class="sign-in">
      <form class="card" onSubmit={enter}>
        <h1 tabIndex={-1}>This service asks for a token</h1>
        <p>
          It is kept in this tab only, and sent to this service only. The first one is in{' '}
          <code>admin.token</code> in the coordinator’s data folder; an administrator makes others:
        </p>
        <pre class="plain-pre">pare token create laptop --scope read --scope submit</pre>
        <span class="field">
          <label for="token">Token</label>
          <input id="token" name="token" type="password" autocomplete="off" required />
        </span>
        <button type="submit" class="primary">
          Enter
        </button>
        {problem ? (
          <Trouble problem={problem} />
        ) : (
          wrong && token.get() && <p class="bad-text">The token is not valid any more.</p>
        )}
      </form>
    </main>
  );
}

function Frame({ who, leave }: { who: WhoAmI; leave: () => void }) {
  const { path } = usePlace();
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useKeys(() => setHelp(true));
  useEffect(() => {
    document.title = titleOf(path);
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [path]);
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="frame">
        <a class="name" href="/jobs" aria-label="Pare: jobs">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
            <path
              d="M5 6v21h22"
              fill="none"
              stroke="currentColor"
              stroke-opacity=".4"
              stroke-width="2"
            />
            <path d="M8 23h5v-7h6v-5h7" fill="none" stroke="currentColor" stroke-width="2.6" />
            <circle cx="13" cy="16" r="3" fill="currentColor" />
            <circle cx="19" cy="11" r="3" fill="currentColor" />
          </svg>
          Pare
        </a>
        <nav aria-label="Pages">
          {places.map(([to, text]) => (
            <a
              key={to}
              href={to}
              aria-current={
                path === to || path.startsWith(`${to}/`) || (path === '/' && to === '/jobs')
                  ? 'page'
                  : undefined
              }
            >
              {text}
            </a>
          ))}
        </nav>
        <Search />
        <Mark />
        {who.access === 'tokens' && (
          <button
            type="button"
            class="quiet small"
            onClick={leave}
            title={`Scopes: ${who.scopes.join(', ')}`}
          >
            {who.owner ?? 'token'}: leave
          </button>
        )}
        <Theme />
        <button type="button" class="icon" aria-label="Keys" onClick={() => setHelp(true)}>
          ?
        </button>
      </header>
      <main id="main" ref={main}>
        <Shown path={path} />
      </main>
      {help && (
        <Dialog title="Keys" close={() => setHelp(false)}>
          <dl class="facts">
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
    </>
  );
}

function App() {
  const link = useLink();
  const [who, setWho] = useState<WhoAmI>();
  const [problem, setProblem] = useState<Problem>();
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    get<WhoAmI>('/v1/whoami').then(
      (found) => {
        setProblem(undefined);
        setWho(found);
      },
      (thrown) => setProblem(asProblem(thrown)),
    );
  }, [asked]);
  // A service that is away is asked again until it answers.
  useEffect(() => {
    if (!problem || problem.status === 401) return;
    const timer = window.setTimeout(() => setAsked((n) => n + 1), 2000);
    return () => window.clearTimeout(timer);
  }, [problem]);
  useEffect(followLinks, []);
  const again = (): void => setAsked((n) => n + 1);
  if (link.refused || problem?.status === 401)
    return <SignIn again={again} wrong={who !== undefined} />;
  if (who) {
    return (
      <Frame
        who={who}
        leave={() => {
          token.forget();
          location.assign('/');
        }}
      />
    );
  }
  return (
    <main id="main">
      {problem ? (
        <>
          <h1 tabIndex={-1}>Pare</h1>
          <Trouble problem={problem} again={again} />
          <p class="muted">Asked again every 2 s; last at {clock(new Date().toISOString())}.</p>
        </>
      ) : (
        <Skeleton lines={6} />
      )}
    </main>
  );
}

render(<App />, document.getElementById('root')!);
