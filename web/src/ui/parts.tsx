// The small parts that every page is made of.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { download, type Problem, asProblem, token } from '../api/client.ts';
import { short } from '../format.ts';

export function Title({ children, sub }: { children: ComponentChildren; sub?: ComponentChildren }) {
  return (
    <div class="title">
      <h1 tabIndex={-1}>{children}</h1>
      {sub !== undefined && <p class="sub">{sub}</p>}
    </div>
  );
}

interface CardProps {
  title?: ComponentChildren;
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}

export function Card({ title, aside, children, class: extra = '' }: CardProps) {
  return (
    <section class={`card ${extra}`}>
      {title && (
        <header>
          <h2>{title}</h2>
          {aside && <div class="aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

const tones: Record<string, string> = {
  searching: 'busy',
  preparing: 'busy',
  finishing: 'busy',
  running: 'busy',
  busy: 'busy',
  inspecting: 'busy',
  leased: 'busy',
  succeeded: 'good',
  ready: 'good',
  idle: 'good',
  ok: 'good',
  finished: 'good',
  failed: 'bad',
  rejected: 'bad',
  lost: 'bad',
};

export function State({ of }: { of: string }) {
  return <span class={`state ${tones[of] ?? ''}`}>{of}</span>;
}

export function Bar({ share, label }: { share: number; label: string }) {
  const percent = Math.round(100 * Math.min(1, Math.max(0, share)));
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Sha({ of, href }: { of: string; href?: string }) {
  const text = <code title={of}>{short(of)}</code>;
  return href ? <a href={href}>{text}</a> : text;
}

// What an error says, and a way to try again.
export function Trouble({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>{problem.message}</strong>
      </p>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.field && (
        <p class="muted">
          Field <code>{problem.field}</code>
          {problem.value !== undefined && (
            <>
              , value <code>{JSON.stringify(problem.value)}</code>
            </>
          )}
        </p>
      )}
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

// Instead of a page whose document cannot be had.
export function NoPage(props: { title: string; problem: Problem; again: () => void }) {
  return (
    <>
      <Title>{props.title}</Title>
      <Trouble problem={props.problem} again={props.again} />
    </>
  );
}

// Nothing before it has lasted: what comes at once needs no placeholder.
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without a secure context there is no clipboard to write to but this.
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    setCopied(true);
    window.setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" class="small quiet" onClick={copy}>
      <span aria-live="polite">{copied ? 'Copied' : label}</span>
    </button>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <pre tabIndex={0} aria-label="Command">
        <code>{text}</code>
      </pre>
      <Copy text={text} />
    </div>
  );
}

// A file of the API: a plain link where nobody asks for tokens.
// `plain`: not what the page is for.
export function Download(props: {
  path: string;
  name: string;
  plain?: boolean;
  children: ComponentChildren;
}) {
  const [problem, setProblem] = useState<Problem>();
  const fetched = async (event: MouseEvent): Promise<void> => {
    if (!token.get()) return;
    event.preventDefault();
    try {
      await download(props.path, props.name);
      setProblem(undefined);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  return (
    <>
      <a
        class={props.plain ? 'button' : 'button primary'}
        href={props.path}
        download={props.name}
        onClick={fetched}
      >
        {props.children}
      </a>
      {problem && <span class="bad-text"> {problem.message}</span>}
    </>
  );
}

export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Tabs(props: {
  label: string;
  tabs: [string, string][];
  chosen: string;
  choose: (tab: string) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const moved = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const at = props.tabs.findIndex(([key]) => key === props.chosen);
    const next = (at + by + props.tabs.length) % props.tabs.length;
    props.choose(props.tabs[next]![0]);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={props.label} ref={list} onKeyDown={moved}>
      {props.tabs.map(([key, text]) => (
        <button
          key={key}
          type="button"
          role="tab"
          aria-selected={key === props.chosen}
          tabIndex={key === props.chosen ? 0 : -1}
          onClick={() => props.choose(key)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

// A number that is taken over when the typing ends, or with Enter.
export function NumberField(props: {
  label: ComponentChildren;
  unit: string;
  value: number | undefined;
  change: (value: number | undefined) => void;
  step?: number;
  min?: number;
  placeholder?: string;
}) {
  const id = useId();
  const [text, setText] = useState(props.value === undefined ? '' : String(props.value));
  useEffect(() => setText(props.value === undefined ? '' : String(props.value)), [props.value]);
  const take = (): void => {
    const value = text.trim() === '' ? undefined : Number(text);
    if (value !== undefined && !Number.isFinite(value)) setText(String(props.value ?? ''));
    else if (value !== props.value) props.change(value);
  };
  return (
    <span class="field number">
      <label for={id}>{props.label}</label>
      <span class="with-unit">
        <input
          id={id}
          type="number"
          inputMode="decimal"
          step={props.step ?? 'any'}
          min={props.min ?? 0}
          value={text}
          placeholder={props.placeholder ?? 'any'}
          onInput={(event) => setText(event.currentTarget.value)}
          onChange={take}
          onKeyDown={(event) => event.key === 'Enter' && take()}
        />
        <span class="unit">{props.unit}</span>
      </span>
    </span>
  );
}

export function Select(props: {
  label: ComponentChildren;
  value: string;
  options: [string, string][];
  change: (value: string) => void;
  hidden?: boolean;
}) {
  const id = useId();
  return (
    <span class="field">
      <label for={id} class={props.hidden ? 'only-read' : ''}>
        {props.label}
      </label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.change(event.currentTarget.value)}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </span>
  );
}

// A value on a line with its interval, beside what it is compared with.
export function Whisker(props: {
  low: number;
  value: number;
  high: number;
  from: number;
  to: number;
  mark?: number;
  margin?: [number, number];
  label: string;
}) {
  const at = (x: number): number =>
    (100 * (Math.min(props.to, Math.max(props.from, x)) - props.from)) / (props.to - props.from);
  return (
    <svg
      class="whisker"
      viewBox="0 0 100 12"
      preserveAspectRatio="none"
      role="img"
      aria-label={props.label}
    >
      {props.margin && (
        <rect
          class="margin"
          x={at(props.margin[0])}
          y="0"
          width={Math.max(0, at(props.margin[1]) - at(props.margin[0]))}
          height="12"
        />
      )}
      {props.mark !== undefined && (
        <line class="mark" x1={at(props.mark)} x2={at(props.mark)} y1="0" y2="12" />
      )}
      <line class="range" x1={at(props.low)} x2={at(props.high)} y1="6" y2="6" />
      <line class="value" x1={at(props.value)} x2={at(props.value)} y1="1.5" y2="10.5" />
    </svg>
  );
}

export function Dialog(props: { title: string; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={props.close}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

export type Child = JSX.Element | string | number | null | undefined | false;
