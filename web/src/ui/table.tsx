// A table of any length: only the rows that are seen are in the document, and their number is said.
//
// Rows have one height, so that where each stands is arithmetic.  j and k, or the arrows, walk the
// rows; each row's first link is what Enter opens.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Child } from './parts.tsx';

export interface Column<T> {
  key: string;
  title: string;
  unit?: string;
  hint?: string;
  right?: boolean;
  wide?: boolean; // left out where there is little room
  sort?: (row: T) => number | string | undefined;
  cell: (row: T) => Child;
  class?: string;
}

export interface Order {
  key: string;
  down: boolean;
}

export function orderIn(text: string | null, fallback: Order): Order {
  if (!text) return fallback;
  return text.startsWith('-') ? { key: text.slice(1), down: true } : { key: text, down: false };
}

export function orderText(order: Order): string {
  return (order.down ? '-' : '') + order.key;
}

// Rows without a value come last, whichever way.
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order): T[] {
  const by = columns.find((column) => column.key === order.key)?.sort;
  if (!by) return [...rows];
  const keyed = rows.map((row) => ({ row, value: by(row) }));
  const sign = order.down ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.value === undefined || b.value === undefined) {
      return Number(a.value === undefined) - Number(b.value === undefined);
    }
    if (typeof a.value === 'string' || typeof b.value === 'string') {
      return sign * String(a.value).localeCompare(String(b.value));
    }
    return sign * (a.value - b.value);
  });
  return keyed.map((one) => one.row);
}

export function useNarrow(pixels = 760): boolean {
  const query = useMemo(() => matchMedia(`(max-width: ${pixels}px)`), [pixels]);
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const look = (): void => setNarrow(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, [query]);
  return narrow;
}

const rowHeight = 34;
const spare = 12; // rows beyond what is seen, either way

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowKey: (row: T) => string | number;
  order: Order;
  setOrder: (order: Order) => void;
  marked?: (row: T) => boolean;
  height?: number; // of the window, at most
}

export function Table<T>(props: Props<T>) {
  const narrow = useNarrow();
  const columns = props.columns.filter((column) => !narrow || !column.wide);
  const rows = useMemo(
    () => sorted(props.rows, props.columns, props.order),
    [props.rows, props.columns, props.order.key, props.order.down],
  );
  const box = useRef<HTMLDivElement>(null);
  const [window_, setWindow] = useState({ top: 0, height: props.height ?? 560 });
  const wanted = useRef<number | null>(null);

  const looked = (): void => {
    const at = box.current;
    if (!at) return;
    const top = Math.floor(at.scrollTop / rowHeight) * rowHeight;
    setWindow((was) =>
      was.top === top && was.height === at.clientHeight ? was : { top, height: at.clientHeight },
    );
  };
  useLayoutEffect(looked, [rows.length]);

  const first = Math.max(0, Math.floor(window_.top / rowHeight) - spare);
  const last = Math.min(rows.length, Math.ceil((window_.top + window_.height) / rowHeight) + spare);

  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const link = box.current?.querySelector<HTMLElement>(
      `tr[aria-rowindex="${wanted.current + 2}"] a`,
    );
    if (!link) return;
    link.focus({ preventScroll: true });
    wanted.current = null;
  });

  const walked = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 12, PageUp: -12 }[event.key];
    if (by === undefined || (event.target as Element).matches('input, select, th button')) return;
    event.preventDefault();
    const row = (event.target as Element).closest?.('tr');
    // From where the last key leads, if the focus has not got there yet: keys come fast.
    const at = wanted.current ?? (row ? Number(row.getAttribute('aria-rowindex')) - 2 : -1);
    const to = Math.min(rows.length - 1, Math.max(0, at + by));
    const view = box.current!;
    const y = to * rowHeight;
    if (y < view.scrollTop) view.scrollTop = y;
    const room = view.clientHeight - 2 * rowHeight;
    if (y > view.scrollTop + room) view.scrollTop = y - room;
    wanted.current = to;
    looked();
    setWindow((was) => ({ ...was }));
  };

  return (
    <div
      class="table"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={props.label}
      onScroll={looked}
      onKeyDown={walked}
      style={{ maxHeight: `${props.height ?? 560}px` }}
    >
      <table aria-rowcount={rows.length + 1} aria-label={props.label}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                class={column.right ? 'right' : ''}
                aria-sort={
                  props.order.key === column.key
                    ? props.order.down
                      ? 'descending'
                      : 'ascending'
                    : undefined
                }
              >
                {column.sort ? (
                  <button
                    type="button"
                    title={column.hint}
                    onClick={() =>
                      props.setOrder({
                        key: column.key,
                        down: props.order.key === column.key && !props.order.down,
                      })
                    }
                  >
                    {column.title}
                    {column.unit && <span class="unit"> {column.unit}</span>}
                    <span class="arrow" aria-hidden="true">
                      {props.order.key === column.key ? (props.order.down ? '↓' : '↑') : ''}
                    </span>
                  </button>
                ) : (
                  <span title={column.hint}>
                    {column.title}
                    {column.unit && <span class="unit"> {column.unit}</span>}
                  </span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true" style={{ height: `${first * rowHeight}px` }} />}
          {rows.slice(first, last).map((row, i) => (
            <tr
              key={props.rowKey(row)}
              aria-rowindex={first + i + 2}
              class={props.marked?.(row) ? 'marked' : ''}
            >
              {columns.map((column) => (
                <td key={column.key} class={`${column.right ? 'right' : ''} ${column.class ?? ''}`}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {last < rows.length && (
            <tr aria-hidden="true" style={{ height: `${(rows.length - last) * rowHeight}px` }} />
          )}
        </tbody>
      </table>
    </div>
  );
}
