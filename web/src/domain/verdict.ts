// What a comparison came to, in words, and what a verdict still lacks.
import type { Comparison } from '../api/types.ts';

export type Result = NonNullable<Comparison['result']>;

export function verdictWords(verdict: string): string {
  switch (verdict) {
    case 'BETTER':
      return 'B is better: faster, and not worse';
    case 'NOT_BETTER':
      return 'B is not better';
    case 'INCONCLUSIVE':
      return 'No verdict';
    default:
      return verdict;
  }
}

const factor = (ratio: number): string =>
  ratio < 10 ? String(Math.max(2, Math.ceil(ratio))) : String(Math.ceil(ratio / 10) * 10);

// `margin`: points that B may be worse by.  An interval narrows with the root of the images.
function lackingAccuracy({ delta, low, high, images }: Result['accuracy'], margin: number): string {
  const half = Math.max(delta - low, high - delta);
  const room = Math.abs(delta + margin); // to the bound, from either side of it
  const sentence = `The accuracy interval reaches ${(100 * low).toFixed(2)} points, beyond the ${(100 * margin).toFixed(2)} that B may lose, and up to ${(100 * high).toFixed(2)}.`;
  if (room < half / 20)
    return `${sentence} The difference lies at that bound: more images will hardly decide.`;
  const more = (half / room) ** 2;
  return `${sentence} About ${factor(more)} times as many images as the ${images} would decide.`;
}

function lackingLatency({ ratio, low, high, blocks }: Result['latency'], margin: number): string {
  const top = high === null ? 'beyond all bounds' : high.toFixed(3);
  const sentence = `The latency ratio lies between ${low.toFixed(3)} and ${top}: neither surely below 1 nor surely within ${(100 * margin).toFixed(0)} % of it after ${blocks} blocks.`;
  return Math.abs(ratio - 1) < margin / 4
    ? `${sentence} Both are about as fast: a wider margin, or many more blocks, would say so.`
    : `${sentence} More blocks on a quieter device would narrow it.`;
}

export function lackingIn(result: Result, latencyMargin: number, mapMargin: number): string[] {
  const out: string[] = [];
  if (result.latency.verdict === 'INCONCLUSIVE')
    out.push(lackingLatency(result.latency, latencyMargin));
  if (result.accuracy.verdict === 'INCONCLUSIVE')
    out.push(lackingAccuracy(result.accuracy, mapMargin));
  return out;
}
