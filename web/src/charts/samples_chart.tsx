// Every sample of a latency in the order in which they were taken, with the median and its interval.
import type { EChartsCoreOption } from 'echarts/core';
import { useMemo } from 'preact/hooks';
import { Chart } from './chart.tsx';
import { fontFamily, useColours } from './theme.ts';

interface Props {
  samples: readonly number[];
  median: number;
  low: number;
  high: number;
}

export function SamplesChart({ samples, median, low, high }: Props) {
  const colours = useColours();
  const option = useMemo((): EChartsCoreOption => {
    const sorted = [...samples].sort((a, b) => a - b);
    const top = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 1;
    const bottom = sorted[0] ?? 0;
    const room = (top - bottom) * 0.1 || top * 0.02;
    const label = {
      ...{ color: colours.muted, fontSize: 11 },
      ...{ showMinLabel: false, showMaxLabel: false },
    };
    return {
      animation: false,
      textStyle: { fontFamily },
      grid: { left: 52, right: 20, top: 34, bottom: 46 },
      xAxis: {
        ...{
          type: 'value',
          name: 'Sample',
          nameLocation: 'middle',
          nameGap: 26,
          max: samples.length,
        },
        nameTextStyle: { color: colours.muted, fontSize: 12 },
        axisLine: { lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { show: false },
        axisLabel: label,
      },
      yAxis: {
        ...{ type: 'value', name: 'ms', nameLocation: 'end', nameGap: 10, scale: true },
        ...{ min: Math.max(0, bottom - room), max: top + room },
        nameTextStyle: { color: colours.muted, fontSize: 12, align: 'left' },
        axisLine: { show: true, lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: colours.grid } },
        axisLabel: { ...label, formatter: (value: number) => String(Number(value.toPrecision(3))) },
      },
      series: [
        {
          ...{
            id: 'samples',
            type: 'scatter',
            silent: true,
            symbolSize: 4,
            large: samples.length > 2000,
          },
          data: samples.map((sample, i) => [i + 1, sample]),
          itemStyle: { color: colours.beaten, opacity: 0.8 },
          markLine: {
            ...{ silent: true, symbol: 'none', animation: false },
            label: { show: false },
            lineStyle: { color: colours.front, width: 2, type: 'solid' },
            data: [{ yAxis: median }],
          },
          markArea: {
            silent: true,
            itemStyle: { color: colours.front, opacity: 0.25 },
            data: [[{ yAxis: low }, { yAxis: high }]],
          },
        },
      ],
    };
  }, [samples, median, low, high, colours]);
  const slow = samples.filter((sample) => sample > 1.5 * median).length;
  return (
    <Chart
      option={option}
      label={`${samples.length} samples, median ${median.toFixed(3)} ms, ${slow} of them took half as long again`}
      height={240}
    />
  );
}
