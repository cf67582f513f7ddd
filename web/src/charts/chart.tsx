// One chart.  The library comes when the first one is shown; what a chart says is in its label and
// in the table beside it, for those who do not see it.
import type { EChartsCoreOption } from 'echarts/core';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Instance } from './library.ts';

export interface Pointed {
  series: string;
  index: number;
  x: number; // within the chart
  y: number;
}

interface Props {
  option: EChartsCoreOption;
  label: string;
  height: number;
  point?: (at: Pointed | undefined) => void;
  pick?: (at: Pointed) => void;
}

interface Event {
  seriesId?: string;
  seriesName?: string;
  dataIndex: number;
  event?: { offsetX: number; offsetY: number };
}

const pointed = (event: Event): Pointed => ({
  series: event.seriesId ?? '',
  index: event.dataIndex,
  x: event.event?.offsetX ?? 0,
  y: event.event?.offsetY ?? 0,
});

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Instance | null>(null);
  const [failed, setFailed] = useState(false);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let gone = false;
    let watch: ResizeObserver | undefined;
    import('./library.ts').then(
      ({ init }) => {
        if (gone || !box.current) return;
        const made = init(box.current, undefined, { renderer: 'canvas' });
        chart.current = made;
        made.setOption(latest.current.option, { notMerge: true });
        made.on('mouseover', (event) => latest.current.point?.(pointed(event as unknown as Event)));
        made.on('mouseout', () => latest.current.point?.(undefined));
        made.on('click', (event) => latest.current.pick?.(pointed(event as unknown as Event)));
        watch = new ResizeObserver(() => made.resize());
        watch.observe(box.current);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      watch?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(props.option, { replaceMerge: ['series'], lazyUpdate: true });
  }, [props.option]);

  if (failed) return <p class="muted">The charts could not be loaded; the tables have it all.</p>;
  return (
    <div
      class="chart"
      ref={box}
      role="img"
      aria-label={props.label}
      style={{ height: `${props.height}px` }}
    />
  );
}
