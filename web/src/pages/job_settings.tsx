// Which settings the trials chose, and what came of each; a click leaves only those.
import { useMemo } from 'preact/hooks';
import type { Trial } from '../api/types.ts';
import { binsOf, filtersText, type Filters, settings } from '../domain/settings.ts';
import * as format from '../format.ts';
import { choose } from '../router.ts';
import { Card } from '../ui/parts.tsx';

interface Props {
  trials: readonly Trial[];
  filters: Filters;
  target: string;
}

export function Settings({ trials, filters, target }: Props) {
  const strips = useMemo(
    () =>
      settings
        .map((setting) => ({ setting, bins: binsOf(setting, trials, filters, target) }))
        .filter(({ setting, bins }) => bins.length > 1 || filters.has(setting.key)),
    [trials, filters, target],
  );
  if (strips.length === 0) return null;
  const pick = (key: string, value: string): void => {
    const next = new Map(filters);
    if (next.get(key) === value) next.delete(key);
    else next.set(key, value);
    choose({ f: filtersText(next) }, 'push');
  };
  return (
    <Card
      title="Settings"
      aside={
        filters.size > 0 ? (
          <button type="button" class="small" onClick={() => choose({ f: null }, 'push')}>
            Clear {format.plural(filters.size, 'filter')}
          </button>
        ) : (
          <span class="muted">what was tried; medians on {target}; a click filters the page</span>
        )
      }
    >
      <div class="strips">
        {strips.map(({ setting, bins }) => {
          const most = Math.max(...bins.map((bin) => bin.trials));
          return (
            <div class="strip" key={setting.key} role="group" aria-label={setting.label}>
              <h3>{setting.label}</h3>
              <div class="strip-head" aria-hidden="true">
                <span />
                <span>trials</span>
                <span>ms</span>
                <span>mAP</span>
              </div>
              {bins.map((bin) => (
                <button
                  key={bin.value}
                  type="button"
                  class="strip-row"
                  aria-pressed={filters.get(setting.key) === bin.value}
                  onClick={() => pick(setting.key, bin.value)}
                >
                  <span class="strip-name">{bin.value}</span>
                  <span class="strip-bar">
                    <span class="all" style={{ width: `${(100 * bin.trials) / most}%` }} />
                    <span class="kept" style={{ width: `${(100 * bin.shown) / most}%` }} />
                    <span class="strip-count">{bin.shown}</span>
                  </span>
                  <span class="number">
                    {bin.ms === undefined ? format.missing : format.digits(bin.ms)}
                  </span>
                  <span class="number">{format.points(bin.map, 1)}</span>
                </button>
              ))}
            </div>
          );
        })}
      </div>
    </Card>
  );
}
