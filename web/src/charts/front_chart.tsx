// The trials of a job on one target: those that nothing beats as a staircase with their intervals,
// the others behind them.  Filled is measured, hollow was stopped early; a diamond has int8 in it.
import type { EChartsCoreOption } from 'echarts/core';
import { useMemo, useState } from 'preact/hooks';
import type { Member, Outcome, Trial } from '../api/types.ts';
import type { Limits } from '../domain/decide.ts';
import { metricOf, valueOf } from '../domain/metrics.ts';
import * as format from '../format.ts';
import { Chart, type Pointed } from './chart.tsx';
import { type Colours, fontFamily, useColours } from './theme.ts';

interface Props {
  target: string;
  trials: readonly Trial[];
  dimmed: ReadonlySet<number>; // trials that the filters of the page leave out
  front: readonly Member[];
  original: Member | undefined;
  axes: [string, string];
  limits: Limits;
  chosen: number | undefined; // a trial
  proposed: number | undefined;
  labels: string | undefined;
  whole: boolean; // every trial, and not only what lies near the front
  pick: (trial: number) => void;
  height?: number;
}

interface Dot {
  value: [number, number];
  trial: number;
  symbol: string;
  itemStyle?: Record<string, unknown>;
}

const many = 2000; // dots, beyond which they are drawn all at once

// Of a member: its interval along one axis, as it is shown.
function intervalOf(metric: string, member: Member): [number, number] | undefined {
  const scale = metricOf(metric).scale;
  if (metric === 'latency_ms') return [member.latency_low_ms, member.latency_high_ms];
  if (metric === 'map_50_95' && member.map_low !== undefined && member.map_high !== undefined) {
    return [scale * member.map_low, scale * member.map_high];
  }
  return undefined;
}

function shown(metric: string, stored: number | undefined): number | undefined {
  return stored === undefined ? undefined : stored * metricOf(metric).scale;
}

const symbolOf = (precision: string | undefined): string =>
  precision?.includes('int8') ? 'diamond' : 'circle';

function dotsOf(props: Props, colours: Colours): { beaten: Dot[]; early: Dot[] } {
  const onFront = new Set(props.front.map((member) => member.trial));
  const [x, y] = props.axes;
  const beaten: Dot[] = [];
  const early: Dot[] = [];
  for (const trial of props.trials) {
    const outcome: Outcome | undefined = trial.outcomes[props.target];
    if (!outcome || outcome.infeasible !== undefined || onFront.has(trial.number)) continue;
    const [vx, vy] = [shown(x, valueOf(x, trial, outcome)), shown(y, valueOf(y, trial, outcome))];
    if (vx === undefined || vy === undefined) continue;
    const dot: Dot = { value: [vx, vy], trial: trial.number, symbol: symbolOf(trial.precision) };
    if (props.dimmed.has(trial.number)) {
      if (props.trials.length > many) continue; // so many are drawn alike
      dot.itemStyle = { opacity: 0.12 };
    }
    if (outcome.expected_map === undefined) beaten.push(dot);
    else {
      early.push({
        ...dot,
        itemStyle: { color: colours.surface, borderColor: colours.beaten, ...dot.itemStyle },
      });
    }
  }
  return { beaten, early };
}

// What is shown of an axis: the front and the original with room around them, or everything.
function extent(
  anchors: number[],
  all: number[],
  whole: boolean,
  logarithmic: boolean,
): [number, number] {
  const of = whole || anchors.length < 2 ? [...anchors, ...all] : anchors;
  const low = Math.min(...of);
  const high = Math.max(...of);
  if (logarithmic) {
    const room = Math.max(1.15, (high / low) ** 0.15);
    return [low / room, high * room];
  }
  const room = Math.max(1, (high - low) * 0.12);
  return [low - room, high + room];
}

function ticksOf(low: number, high: number): number[] {
  const out: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; ++power) {
    const leads = high / low > 12 ? [1, 2, 5] : [1, 1.5, 2, 3, 5, 7];
    for (const lead of leads) out.push(lead * 10 ** power);
  }
  return out.filter((tick) => tick >= low && tick <= high);
}

function axisOf(metric: string, range: [number, number], colours: Colours, vertical: boolean) {
  const of = metricOf(metric);
  const ticks = of.logarithmic ? ticksOf(...range) : undefined;
  return {
    type: of.logarithmic ? 'log' : 'value',
    min: range[0],
    max: range[1],
    name: `${of.label}, ${of.unit}`,
    nameLocation: vertical ? 'end' : 'middle',
    nameGap: vertical ? 10 : 26,
    nameTextStyle: {
      color: colours.muted,
      fontFamily,
      fontSize: 12,
      align: vertical ? 'left' : 'center',
    },
    axisLine: { show: true, lineStyle: { color: colours.line } },
    axisTick: { show: false, ...(ticks ? { customValues: ticks } : {}) },
    splitLine: { show: true, lineStyle: { color: colours.grid } },
    minorSplitLine: { show: false },
    axisLabel: {
      color: colours.muted,
      fontFamily,
      fontSize: 11,
      hideOverlap: true,
      showMinLabel: ticks !== undefined,
      showMaxLabel: ticks !== undefined,
      ...(ticks ? { customValues: ticks } : {}),
      formatter: (value: number) => String(Number(value.toPrecision(3))),
    },
  };
}

// What the limits shut out, as areas of the chart.
function areasOf(limits: Limits, axes: [string, string], original: Member | undefined) {
  const floor = Math.max(
    limits.map ?? -Infinity,
    original && limits.lost !== undefined ? 100 * original.map_50_95 - limits.lost : -Infinity,
  );
  const bounds: Record<string, { min?: number; max?: number }> = {
    latency_ms: limits.ms === undefined ? {} : { max: limits.ms },
    bytes: limits.mib === undefined ? {} : { max: limits.mib },
    map_50_95: Number.isFinite(floor) ? { min: floor } : {},
  };
  const out: Record<string, number>[][] = [];
  axes.forEach((metric, i) => {
    const axis = i === 0 ? 'xAxis' : 'yAxis';
    const { min, max } = bounds[metric] ?? {};
    if (max !== undefined) out.push([{ [axis]: max }, { [axis]: 1e12 }]);
    if (min !== undefined) out.push([{ [axis]: -1e12 }, { [axis]: min }]);
  });
  return out;
}

interface CustomApi {
  value(dimension: number): number;
  coord(point: number[]): number[];
  style(extra: Record<string, unknown>): Record<string, unknown>;
}

function whiskers(members: readonly Member[], axes: [string, string], colours: Colours) {
  const data = members.flatMap((member) => {
    const at = axes.map((metric) => shown(metric, valueOf(metric, member, member)));
    if (at[0] === undefined || at[1] === undefined) return [];
    const x = intervalOf(axes[0], member) ?? [at[0], at[0]];
    const y = intervalOf(axes[1], member) ?? [at[1], at[1]];
    return [[at[0], at[1], ...x, ...y]];
  });
  return {
    id: 'intervals',
    type: 'custom',
    silent: true,
    animation: false,
    data,
    z: 3,
    clip: true,
    encode: { x: 0, y: 1 },
    renderItem: (_: unknown, api: CustomApi) => {
      const [x, y] = [api.value(0), api.value(1)];
      const ends = [
        [api.coord([api.value(2), y]), api.coord([api.value(3), y])],
        [api.coord([x, api.value(4)]), api.coord([x, api.value(5)])],
      ];
      return {
        type: 'group',
        children: ends.map(([from, to]) => ({
          type: 'line',
          shape: { x1: from![0], y1: from![1], x2: to![0], y2: to![1] },
          style: { stroke: colours.front, lineWidth: 1.25, opacity: 0.55 },
        })),
      };
    },
  };
}

function optionOf(props: Props, colours: Colours): EChartsCoreOption {
  const [x, y] = props.axes;
  const { beaten, early } = dotsOf(props, colours);
  const crowded = beaten.length + early.length > many;
  const place = (member: Member): [number, number] => [
    shown(x, valueOf(x, member, member)) ?? NaN,
    shown(y, valueOf(y, member, member)) ?? NaN,
  ];
  const members = props.front.filter((member) => place(member).every(Number.isFinite));
  const front: Dot[] = members.map((member) => ({
    value: place(member),
    trial: member.trial,
    symbol: symbolOf(member.precision),
    ...(props.dimmed.has(member.trial) ? { itemStyle: { opacity: 0.3 } } : {}),
  }));
  const marks: Dot[] = [];
  const mark = (trial: number | undefined, colour: string): void => {
    const dot = [...front, ...beaten, ...early].find((one) => one.trial === trial);
    if (!dot) return;
    marks.push({
      ...dot,
      itemStyle: { color: 'transparent', borderColor: colour, borderWidth: 2.5, opacity: 1 },
    });
  };
  mark(props.proposed, colours.chosen);
  if (props.chosen !== props.proposed) mark(props.chosen, colours.text);

  const original = props.original ? place(props.original) : undefined;
  const anchors = [...front.map((dot) => dot.value), ...(original ? [original] : [])];
  const range = (axis: 0 | 1): [number, number] => {
    const metric = props.axes[axis];
    const near = [
      ...anchors.map((point) => point[axis]),
      ...members.flatMap((member) => intervalOf(metric, member) ?? []),
    ];
    const far = [...beaten, ...early].map((dot) => dot.value[axis]);
    const logarithmic = metricOf(metric).logarithmic;
    if (near.length + far.length === 0) return logarithmic ? [1, 10] : [0, 100];
    return extent(near, far, props.whole, logarithmic);
  };
  const staircase = [...front].sort((a, b) => a.value[0] - b.value[0]);
  const isTradeOff = metricOf(x).higherIsBetter !== metricOf(y).higherIsBetter;
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 48, right: 20, top: 34, bottom: 46 },
    xAxis: axisOf(x, range(0), colours, false),
    yAxis: axisOf(y, range(1), colours, true),
    dataZoom: [
      { type: 'inside', xAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'ctrl' },
      { type: 'inside', yAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'ctrl' },
    ],
    series: [
      {
        id: 'shade',
        type: 'scatter',
        data: [],
        silent: true,
        markArea: {
          silent: true,
          itemStyle: { color: colours.shade },
          data: areasOf(props.limits, props.axes, props.original),
        },
      },
      {
        id: 'beaten',
        type: 'scatter',
        data: beaten,
        symbolSize: crowded ? 3 : 7,
        large: crowded,
        itemStyle: { color: colours.beaten, opacity: crowded ? 0.35 : 0.75 },
        emphasis: { scale: 1.5 },
      },
      {
        id: 'early',
        type: 'scatter',
        data: early,
        symbolSize: crowded ? 3 : 7,
        large: crowded,
        itemStyle: crowded
          ? { color: colours.beaten, opacity: 0.2 }
          : { borderWidth: 1.25, opacity: 0.8 },
      },
      ...(isTradeOff
        ? [
            {
              id: 'staircase',
              type: 'line',
              step: metricOf(y).higherIsBetter ? 'end' : 'start',
              data: staircase.map((dot) => dot.value),
              symbol: 'none',
              silent: true,
              lineStyle: { color: colours.front, width: 2, opacity: 0.5 },
            },
          ]
        : []),
      whiskers(members, props.axes, colours),
      {
        id: 'front',
        type: 'scatter',
        data: front,
        symbolSize: 12,
        z: 4,
        itemStyle: { color: colours.front, borderColor: colours.surface, borderWidth: 1.5 },
      },
      {
        id: 'original',
        type: 'scatter',
        data: original && props.original ? [{ value: original, trial: props.original.trial }] : [],
        symbol: 'rect',
        symbolSize: 11,
        z: 5,
        itemStyle: { color: colours.surface, borderColor: colours.original, borderWidth: 2.5 },
        label: {
          show: true,
          formatter: 'original',
          position: 'bottom',
          color: colours.muted,
          fontSize: 11,
          fontFamily,
        },
      },
      { id: 'marks', type: 'scatter', data: marks, symbolSize: 20, silent: true, z: 6 },
    ],
  };
}

export function FrontChart(props: Props) {
  const colours = useColours();
  const [at, setAt] = useState<Pointed>();
  const { option, dots } = useMemo(() => {
    const made = optionOf(props, colours);
    const series = made['series'] as { id: string; data: Dot[] }[];
    return { option: made, dots: new Map(series.map((one) => [one.id, one.data])) };
  }, [
    ...[props.trials, props.dimmed, props.front, props.original, props.axes[0], props.axes[1]],
    ...[props.limits.lost, props.limits.map, props.limits.ms, props.limits.mib],
    ...[props.chosen, props.proposed, props.target, props.whole, colours],
  ]);
  const trialAt = (one: Pointed): number | undefined => dots.get(one.series)?.[one.index]?.trial;
  const number = at && trialAt(at);
  const trial = number === undefined ? undefined : props.trials.find((t) => t.number === number);
  const best = props.front.at(0);
  const label =
    `${props.target}: ${format.plural(props.front.length, 'plan')} on the front of ` +
    `${format.plural(props.trials.length, 'trial')}` +
    (best ? `, the fastest with ${format.milliseconds(best.latency_ms)}` : '');
  return (
    <div class="chart-box">
      <Chart
        option={option}
        label={label}
        height={props.height ?? 320}
        point={setAt}
        pick={(one) => {
          const which = trialAt(one);
          if (which !== undefined) props.pick(which);
        }}
      />
      {at && trial && (
        <Hint
          trial={trial}
          target={props.target}
          at={at}
          member={props.front.find((m) => m.trial === number)}
        />
      )}
    </div>
  );
}

function Hint(props: { trial: Trial; target: string; at: Pointed; member: Member | undefined }) {
  const { trial, at, member } = props;
  const outcome = trial.outcomes[props.target] ?? {};
  const latency = format.latencyInterval(outcome.latency_low_ms, outcome.latency_high_ms);
  const map =
    outcome.map_low === undefined
      ? ''
      : format.interval(100 * outcome.map_low, 100 * outcome.map_high!);
  return (
    <div
      class={`hint ${at.x > 260 ? 'to-left' : ''}`}
      style={{ left: `${at.x}px`, top: `${at.y}px` }}
      aria-hidden="true"
    >
      <strong>
        #{trial.number} {trial.description ?? ''}
      </strong>
      <span>
        {format.milliseconds(outcome.latency_ms)} {latency}
        {outcome.speedup ? ` · ${format.times(outcome.speedup)}` : ''}
      </span>
      <span>
        {outcome.expected_map === undefined
          ? `mAP ${format.points(outcome.map_50_95)} ${map} (${outcome.images ?? 0} images)`
          : `expected mAP ${format.points(outcome.expected_map)}: stopped after ${outcome.images} images`}
      </span>
      <span>{format.bytes(trial.bytes)}</span>
      {member && <span>on the front with {format.percent(member.on_front)}</span>}
      {outcome.latency_suspect && <span class="warn-text">{outcome.latency_suspect}</span>}
    </div>
  );
}
