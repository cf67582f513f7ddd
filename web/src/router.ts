// The address is the view: which page, and everything that was chosen on it.
import { useEffect, useMemo, useState } from 'preact/hooks';

export interface Route {
  page: string;
  id: string;
}

const withId = new Set(['jobs', 'plans', 'candidates', 'models', 'datasets', 'comparisons']);
const alone = new Set(['jobs', 'models', 'datasets', 'comparisons', 'fleet', 'new', 'system']);

// "/jobs/31" is {page: "job", id: "31"}; "/" the jobs; anything else is "nowhere".
export function routeOf(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first = 'jobs', second] = parts;
  if (parts.length === 2 && second && withId.has(first)) {
    return { page: first.slice(0, -1), id: decodeURIComponent(second) };
  }
  if (parts.length < 2 && alone.has(first)) return { page: first, id: '' };
  return { page: 'nowhere', id: '' };
}

const moved = 'pare-moved';

export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  window.dispatchEvent(new Event(moved));
}

export interface Place {
  path: string;
  query: URLSearchParams;
}

export function usePlace(): Place {
  const [address, setAddress] = useState(location.pathname + location.search);
  useEffect(() => {
    const look = (): void => setAddress(location.pathname + location.search);
    window.addEventListener('popstate', look);
    window.addEventListener(moved, look);
    look();
    return () => {
      window.removeEventListener('popstate', look);
      window.removeEventListener(moved, look);
    };
  }, []);
  return useMemo(() => {
    const [path = '/', query = ''] = address.split('?');
    return { path, query: new URLSearchParams(query) };
  }, [address]);
}

// The same page with other choices; an empty one is left out.
export function changed(
  query: URLSearchParams,
  changes: Record<string, string | number | null | undefined>,
): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') next.delete(name);
    else next.set(name, String(value));
  }
  const text = next.toString();
  return text ? `?${text}` : '';
}

export function choose(
  changes: Record<string, string | number | null | undefined>,
  how: 'push' | 'replace' = 'replace',
): void {
  go(location.pathname + changed(new URLSearchParams(location.search), changes), how);
}

// Links of this page are followed without loading it anew.
export function followLinks(): () => void {
  const clicked = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = (event.target as Element | null)?.closest?.('a');
    if (!anchor?.href || anchor.target || anchor.hasAttribute('download')) return;
    const to = new URL(anchor.href);
    if (to.origin !== location.origin || to.pathname.startsWith('/v1/')) return;
    if (to.hash && to.pathname === location.pathname) return;
    event.preventDefault();
    go(to.pathname + to.search);
  };
  document.addEventListener('click', clicked);
  return () => document.removeEventListener('click', clicked);
}

export function numberIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
