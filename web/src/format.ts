// Numbers as people read them: aligned, with units, and no more digits than are known.

export const missing = '–';

// At least three significant digits; 0.584, 1.76, 36.1, 1204.
export function digits(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return missing;
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1 || size === 0) return value.toFixed(2);
  return value.toFixed(3);
}

export function milliseconds(value: number | undefined): string {
  return value === undefined ? missing : `${digits(value)} ms`;
}

// Both ends with the digits of the smaller one, so that they can be compared.
export function interval(low: number | undefined, high: number | undefined, places = 1): string {
  if (low === undefined || high === undefined) return '';
  return `[${low.toFixed(places)}, ${high.toFixed(places)}]`.replaceAll('-', '−');
}

export function latencyInterval(low: number | undefined, high: number | undefined): string {
  if (low === undefined || high === undefined) return '';
  return `[${digits(low)}, ${digits(high)}]`;
}

// mAP in points, as detectors are talked about: 0.4462 is 44.62.
export function points(map: number | undefined, places = 2): string {
  return map === undefined ? missing : (100 * map).toFixed(places);
}

// "−0.10" with a minus as wide as a plus.
export function signed(value: number, places = 2): string {
  const text = Math.abs(value).toFixed(places);
  if (Number(text) === 0) return text;
  return (value < 0 ? '−' : '+') + text;
}

// Points lost: a minus says that there are more than before.
export function lost(value: number, places = 2): string {
  return signed(value, places).replace('+', '');
}

export function times(ratio: number | undefined): string {
  return ratio === undefined || !(ratio > 0) ? missing : `${ratio.toFixed(2)}×`;
}

export function bytes(value: number | undefined): string {
  if (value === undefined) return missing;
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let size = value / 1024;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 100 ? size.toFixed(0) : size.toFixed(size >= 10 ? 1 : 2)} ${units[unit]}`;
}

// 160.1 M, 1.20 G.
export function count(value: number | undefined): string {
  if (value === undefined) return missing;
  if (Math.abs(value) < 10_000) return String(value);
  const units = ['k', 'M', 'G', 'T'];
  let size = value / 1000;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size >= 100 ? size.toFixed(1) : size.toFixed(2)} ${units[unit]}`;
}

export function percent(share: number | undefined, places = 0): string {
  return share === undefined ? missing : `${(100 * share).toFixed(places)} %`;
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return missing;
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 36) return `${hours.toFixed(hours < 10 ? 1 : 0)} h`;
  return `${Math.round(hours / 24)} days`;
}

export function ago(time: string | undefined, now: number): string {
  if (!time) return missing;
  const seconds = (now - Date.parse(time)) / 1000;
  return seconds < 5 ? 'just now' : `${duration(seconds)} ago`;
}

export function clock(time: string | undefined): string {
  if (!time) return missing;
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

export function short(sha256: string): string {
  return sha256.slice(0, 10);
}

export function size(input: readonly number[] | null | undefined): string {
  return input && input.length >= 2 ? `${input[1]}×${input[0]}` : missing;
}
