// Which member of a front to take, for what somebody needs; where none will do, which comes nearest
// and what would have to give.
import * as format from '../format.ts';
import type { Member } from '../api/types.ts';

export type Goal = 'fastest' | 'accurate' | 'smallest';
export const goals: Goal[] = ['fastest', 'accurate', 'smallest'];

export interface Limits {
  goal: Goal;
  lost?: number | undefined; // points below the original, at most
  map?: number | undefined; // points, at least
  ms?: number | undefined; // at most
  mib?: number | undefined; // at most
}

export interface Decision {
  member: Member;
  misses: string[]; // what it does not keep; empty: it does
}

const mebibyte = 1024 * 1024;
// Limits are typed with the digits that are shown: what is shown as the same keeps them.
const slack = 1e-9;

function excesses(member: Member, limits: Limits): { text: string; by: number }[] {
  const out: { text: string; by: number }[] = [];
  const { lost, map, ms, mib } = limits;
  if (lost !== undefined && member.map_lost > lost + slack) {
    out.push({
      text: `loses ${member.map_lost.toFixed(2)} points instead of ${lost}`,
      by: (member.map_lost - lost) / 5,
    });
  }
  if (map !== undefined && 100 * member.map_50_95 < map - slack) {
    out.push({
      text: `has ${format.points(member.map_50_95)} points of mAP instead of ${map}`,
      by: (map - 100 * member.map_50_95) / 5,
    });
  }
  if (ms !== undefined && member.latency_ms > ms + slack) {
    out.push({
      text: `takes ${format.milliseconds(member.latency_ms)} instead of ${ms} ms`,
      by: Math.log(member.latency_ms / Math.max(ms, 1e-6)),
    });
  }
  if (mib !== undefined && member.bytes > (mib + slack) * mebibyte) {
    out.push({
      text: `takes ${format.bytes(member.bytes)} instead of ${mib} MiB`,
      by: Math.log(member.bytes / Math.max(mib * mebibyte, 1)),
    });
  }
  return out;
}

export function fits(member: Member, limits: Limits): boolean {
  return excesses(member, limits).length === 0;
}

function rank(member: Member, goal: Goal): number {
  switch (goal) {
    case 'fastest':
      return member.latency_ms;
    case 'accurate':
      return -member.map_50_95;
    case 'smallest':
      return member.bytes;
  }
}

export function decide(members: readonly Member[], limits: Limits): Decision | undefined {
  const best = (among: readonly Member[], by: (member: Member) => number): Member | undefined =>
    among.reduce<Member | undefined>(
      (least, member) => (least === undefined || by(member) < by(least) ? member : least),
      undefined,
    );
  const chosen = best(
    members.filter((member) => fits(member, limits)),
    (member) => rank(member, limits.goal),
  );
  if (chosen) return { member: chosen, misses: [] };
  const nearest = best(members, (member) =>
    excesses(member, limits).reduce((sum, excess) => sum + excess.by, 0),
  );
  if (!nearest) return undefined;
  return { member: nearest, misses: excesses(nearest, limits).map((excess) => excess.text) };
}

export function goalWords(goal: Goal): string {
  return { fastest: 'the fastest', accurate: 'the most accurate', smallest: 'the smallest' }[goal];
}
