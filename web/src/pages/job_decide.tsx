// The plan to take, for what somebody needs: the answer first, then what it is an answer to.
import type { Front, Job, Member } from '../api/types.ts';
import { type Decision, type Goal, decide, type Limits } from '../domain/decide.ts';
import { isFinal, mapName, planAddress } from '../domain/job.ts';
import * as format from '../format.ts';
import { choose } from '../router.ts';
import { Download, NumberField, Select } from '../ui/parts.tsx';

interface Props {
  job: Job;
  target: string; // empty: the worst of all
  fronts: Map<string, Front | undefined>;
  members: Member[];
  limits: Limits;
}

export function Decide({ job, target, fronts, members, limits }: Props) {
  const decision = decide(members, limits);
  const set = (name: string) => (value: number | undefined) => {
    const now = {
      lost: limits.lost,
      map: limits.map,
      ms: limits.ms,
      mib: limits.mib,
      [name]: value,
    };
    // An address without any limit is the usual question; this is another.
    const none = Object.values(now).every((limit) => limit === undefined);
    choose({ ...now, lost: none ? 'any' : now.lost });
  };
  return (
    <section class="card decide" aria-label="Decide">
      <form class="ask" onSubmit={(event) => event.preventDefault()}>
        <Select
          label="I want"
          value={limits.goal}
          options={[
            ['fastest', 'the fastest'],
            ['accurate', 'the most accurate'],
            ['smallest', 'the smallest'],
          ]}
          change={(goal) => choose({ goal: goal === 'fastest' ? null : (goal as Goal) })}
        />
        <NumberField
          label="losing at most"
          unit="points"
          value={limits.lost}
          step={0.1}
          change={set('lost')}
        />
        <NumberField
          label={`${mapName(job.labels)} at least`}
          unit="points"
          value={limits.map}
          step={0.1}
          change={set('map')}
        />
        <NumberField label="taking at most" unit="ms" value={limits.ms} change={set('ms')} />
        <NumberField label="of at most" unit="MiB" value={limits.mib} change={set('mib')} />
        {fronts.size > 1 && (
          <Select
            label="on"
            value={target}
            options={[...fronts.keys()].map((name) => [name, name || 'the worst of all targets'])}
            change={(name) => choose({ target: name })}
          />
        )}
      </form>
      <div class="answer" aria-live="polite">
        {decision ? (
          <Answer
            job={job}
            target={target}
            decision={decision}
            original={fronts.get(target)?.original}
          />
        ) : (
          <p class="muted">
            {isFinal(job.state)
              ? 'Nothing is on this front.'
              : 'The answer appears with the first measured plans.'}
          </p>
        )}
      </div>
    </section>
  );
}

interface AnswerProps {
  job: Job;
  target: string;
  decision: Decision;
  original: Member | undefined;
}

function Answer({ job, target, decision, original }: AnswerProps) {
  const { member, misses } = decision;
  const firm = job.state === 'succeeded';
  const isOriginal = original?.trial === member.trial;
  const lead =
    misses.length > 0
      ? 'Nothing fits. Nearest'
      : isOriginal
        ? 'Nothing on the front is better than'
        : firm
          ? 'Ship'
          : 'Best so far';
  const map =
    member.map_low === undefined
      ? ''
      : format.interval(100 * member.map_low, 100 * member.map_high!);
  return (
    <>
      <div class="verdict">
        <p class="lead">
          <span class="muted">{lead}</span>{' '}
          <a href={planAddress(job, member, target)}>
            <code>{format.short(member.plan_sha256)}</code>
          </a>{' '}
          <span>{isOriginal ? 'the original' : member.description}</span>
        </p>
        {misses.length > 0 && <p class="warn-text">It {misses.join(', and ')}.</p>}
      </div>
      <dl class="figures">
        <Figure
          name="Speedup"
          value={format.times(member.speedup)}
          sub={target === '' ? 'on the worst target' : `on ${target}`}
        />
        <Figure
          name="Latency"
          value={format.milliseconds(member.latency_ms)}
          sub={`${format.latencyInterval(member.latency_low_ms, member.latency_high_ms)}${member.latency_confirmed ? ', measured twice' : ''}`}
        />
        <Figure
          name={mapName(job.labels)}
          value={format.points(member.map_50_95)}
          sub={`${map} ${format.plural(member.images, 'image')}`}
        />
        <Figure
          name="Points lost"
          value={format.lost(member.map_lost)}
          sub={format.interval(member.map_lost_low, member.map_lost_high)}
        />
        {member.held_back?.map_lost !== undefined && (
          <Figure
            name="… on other images"
            value={format.lost(member.held_back.map_lost)}
            sub={`${format.interval(member.held_back.map_lost_low, member.held_back.map_lost_high)} ${member.held_back.images} that chose nothing`}
          />
        )}
        <Figure
          name="Size"
          value={format.bytes(member.bytes)}
          sub={`${format.count(member.macs)} MACs`}
        />
        <Figure
          name="Sure"
          value={format.percent(member.on_front)}
          sub="that nothing tried beats it"
        />
      </dl>
      {member.latency_suspect && <p class="note warn">Latency: {member.latency_suspect}</p>}
      {member.accuracy_alarm && <p class="note warn">Accuracy: {member.accuracy_alarm}</p>}
      <div class="actions">
        <Download
          path={`/v1/candidates/${member.candidate_sha256}/file`}
          name={`${format.short(member.plan_sha256)}.onnx`}
        >
          Download {format.bytes(member.bytes)}
        </Download>
        <a class="button" href={planAddress(job, member, target)}>
          What was changed
        </a>
        {!isOriginal && target !== '' && (
          <a
            class="button"
            href={`/comparisons?job=${job.id}&target=${encodeURIComponent(target)}&b=${format.short(member.plan_sha256)}`}
          >
            Compare with the original
          </a>
        )}
      </div>
    </>
  );
}

function Figure({ name, value, sub }: { name: string; value: string; sub: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span>
        <span class="muted">{sub.trim()}</span>
      </dd>
    </div>
  );
}
