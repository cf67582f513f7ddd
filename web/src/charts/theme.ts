// Colours of the charts, from the page's own variables, so that both change together.
import { useEffect, useState } from 'preact/hooks';

export interface Colours {
  text: string;
  muted: string;
  line: string;
  grid: string;
  surface: string;
  front: string;
  beaten: string;
  original: string;
  chosen: string;
  shade: string;
  series: string[];
}

function read(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of('text'),
    muted: of('muted'),
    line: of('line'),
    grid: of('grid'),
    surface: of('surface'),
    front: of('front'),
    beaten: of('beaten'),
    original: of('original'),
    chosen: of('chosen'),
    shade: of('shade'),
    series: [of('series-1'), of('series-2'), of('series-3'), of('series-4')],
  };
}

export function useColours(): Colours {
  const [colours, setColours] = useState(read);
  useEffect(() => {
    const watch = new MutationObserver(() => setColours(read()));
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => watch.disconnect();
  }, []);
  return colours;
}

export const fontFamily = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
