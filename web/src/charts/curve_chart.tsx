// How the volume under each front grew, trial by trial.
import type { EChartsCoreOption } from 'echarts/core';
import { useMemo } from 'preact/hooks';
import type { CurvePoint } from '../domain/hypervolume.ts';
import { Chart } from './chart.tsx';
import { fontFamily, useColours } from './theme.ts';

interface Props {
  curves: { target: string; points: CurvePoint[] }[];
  height?: number;
}

const dashes = ['solid', 'dashed', 'dotted', [8, 3, 2, 3]] as const;

export function CurveChart({ curves, height = 320 }: Props) {
  const colours = useColours();
  const option = useMemo((): EChartsCoreOption => {
    return {
      animation: false,
      textStyle: { fontFamily },
      grid: { left: 48, right: 20, top: 34, bottom: 46 },
      xAxis: {
        type: 'value',
        name: 'Trials that ended',
        nameLocation: 'middle',
        nameGap: 26,
        minInterval: 1,
        nameTextStyle: { color: colours.muted, fontSize: 12 },
        axisLine: { lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { show: false },
        axisLabel: { color: colours.muted, fontSize: 11 },
      },
      yAxis: {
        type: 'value',
        name: 'Hypervolume',
        nameLocation: 'end',
        nameGap: 10,
        nameTextStyle: { color: colours.muted, fontSize: 12, align: 'left' },
        axisLine: { show: true, lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: colours.grid } },
        axisLabel: {
          color: colours.muted,
          fontSize: 11,
          formatter: (value: number) => String(Number(value.toPrecision(3))),
        },
      },
      series: curves.map((curve, i) => ({
        id: curve.target,
        type: 'line',
        step: 'end',
        symbol: 'none',
        silent: true,
        data: curve.points.map((point) => [point.trials, point.hypervolume]),
        lineStyle: {
          color: colours.series[i % colours.series.length],
          width: 2,
          type: dashes[i % dashes.length],
        },
        endLabel: { show: false },
      })),
    };
  }, [curves, colours]);
  const label = curves
    .map((curve) => `${curve.target}: ${(curve.points.at(-1)?.hypervolume ?? 0).toFixed(4)}`)
    .join(', ');
  return <Chart option={option} label={`Hypervolume by trials. ${label}`} height={height} />;
}
