// A document of the API that is kept up to date for as long as somebody looks at it.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, get, link, type Problem } from './client.ts';

export interface Live<T> {
  data: T | undefined;
  problem: Problem | undefined;
  refresh: () => void;
}

const slowest = 15_000;

// Asks again `every` milliseconds after an answer, more rarely while there is none, and not while
// nobody sees the page.  `every` 0: asks once.
export function usePolled<T>(
  ask: ((signal: AbortSignal) => Promise<T>) | null,
  key: string,
  every: number,
): Live<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem }>({ key });
  const [asked, setAsked] = useState(0);
  const asking = useRef(ask);
  asking.current = ask;
  const idle = ask === null;

  useEffect(() => {
    if (idle) return;
    const stop = new AbortController();
    let timer = 0;
    let failures = 0;
    const turn = async (): Promise<void> => {
      try {
        const data = await asking.current!(stop.signal);
        failures = 0;
        if (!stop.signal.aborted) {
          setState((was) =>
            was.key === key && was.data === data && !was.problem ? was : { key, data },
          );
        }
      } catch (thrown) {
        if (stop.signal.aborted) return;
        failures += 1;
        const problem = asProblem(thrown);
        setState((was) =>
          was.key === key && was.data !== undefined
            ? { key, data: was.data, problem }
            : { key, problem },
        );
        if (problem.status === 404 || problem.status === 401) return;
      }
      if (stop.signal.aborted || (every === 0 && failures === 0)) return;
      const wait = failures === 0 ? every : Math.min(slowest, 1000 * 2 ** (failures - 1));
      timer = window.setTimeout(turnIfSeen, wait);
    };
    const turnIfSeen = (): void => {
      if (document.visibilityState === 'visible') void turn();
    };
    const seen = (): void => {
      if (document.visibilityState !== 'visible' || every === 0) return;
      window.clearTimeout(timer);
      void turn();
    };
    void turn();
    document.addEventListener('visibilitychange', seen);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [key, every, idle, asked]);

  const refresh = useCallback(() => setAsked((n) => n + 1), []);
  const same = state.key === key;
  return {
    data: same ? state.data : undefined,
    problem: same ? state.problem : undefined,
    refresh,
  };
}

export function useLive<T>(path: string | null, every = 0): Live<T> {
  return usePolled<T>(path === null ? null : (signal) => get<T>(path, signal), path ?? '', every);
}

export interface Link {
  answered: boolean;
  lastAnswer: number;
  refused: boolean;
}

export function useLink(): Link {
  const [, draw] = useState(0);
  useEffect(() => link.listen(() => draw((n) => n + 1)), []);
  return link;
}

export function useNow(every = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}
