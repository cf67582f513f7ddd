// A job from nothing: a model, images, targets, a goal in plain words, a budget; and beside it the
// document that comes of it.  What is chosen stands in the address.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { all, asProblem, change, type Problem } from '../api/client.ts';
import { useLive, usePolled } from '../api/live.ts';
import type { Dataset, Job, Model, Page, Target } from '../api/types.ts';
import {
  aims,
  allPrecisions,
  commandOf,
  documentOf,
  type Draft,
  missingIn,
} from '../domain/draft.ts';
import { mapName } from '../domain/job.ts';
import * as format from '../format.ts';
import { choose, go, numberIn, usePlace } from '../router.ts';
import { Card, Command, NumberField, Select, State, Title, Trouble } from '../ui/parts.tsx';
import { DatasetFacts } from './datasets.tsx';
import { ModelFacts } from './models.tsx';
import { AddDataset, AddModel } from './uploads.tsx';

function draftIn(query: URLSearchParams): Draft {
  return {
    model: query.get('model') ?? '',
    dataset: query.get('dataset') ?? '',
    targets: (query.get('target') ?? '').split(',').filter(Boolean),
    aim: query.get('goal') ?? 'trade',
    points: numberIn(query, 'points'),
    ms: numberIn(query, 'ms'),
    className: query.get('class') ?? '',
    worst: query.get('worst') === '1',
    trials: numberIn(query, 'trials') ?? 60,
    minutes: numberIn(query, 'minutes'),
    stagnation: numberIn(query, 'stagnation'),
    from: numberIn(query, 'from'),
    precisions: (query.get('precision') ?? allPrecisions.join(',')).split(',').filter(Boolean),
    seed: numberIn(query, 'seed') ?? 1,
  };
}

export function NewJob() {
  const { query } = usePlace();
  const draft = draftIn(query);
  const models = usePolled<Model[]>((signal) => all<Model>('/v1/models', signal), 'models', 4000);
  const datasets = usePolled<Dataset[]>(
    (signal) => all<Dataset>('/v1/datasets', signal),
    'datasets',
    4000,
  );
  const targets = useLive<Page<Target>>('/v1/targets?limit=1000', 4000);
  const earlier = useLive<Job>(draft.from === undefined ? null : `/v1/jobs/${draft.from}`);
  const model = useLive<Model>(
    draft.model ? `/v1/models/${encodeURIComponent(draft.model)}` : null,
    1500,
  );
  const dataset = datasets.data?.find((one) => one.name === draft.dataset);

  // A job that goes on from another takes over what it was on.
  useEffect(() => {
    if (!earlier.data || draft.model) return;
    choose({
      model: earlier.data.model,
      dataset: earlier.data.dataset,
      target: earlier.data.targets.join(','),
      trials: earlier.data.budget.trials,
    });
  }, [earlier.data, draft.model]);

  return (
    <>
      <Title sub="It searches for the smaller and faster versions of a detector that nothing else beats.">
        New job
      </Title>
      <div class="two-sides">
        <div class="side">
          <ModelStep models={models.data ?? []} chosen={model.data} draft={draft} />
          <ImagesStep datasets={datasets.data ?? []} chosen={dataset} draft={draft} />
          <TargetsStep targets={targets.data?.items ?? []} again={targets.refresh} draft={draft} />
          <GoalStep
            draft={draft}
            classes={dataset?.classes ?? []}
            labelled={dataset?.labelled ?? true}
          />
          <BudgetStep draft={draft} />
        </div>
        <Sent draft={draft} />
      </div>
    </>
  );
}

function Step(props: {
  number: number;
  title: string;
  done: boolean;
  children: preact.ComponentChildren;
}) {
  return (
    <Card
      title={
        <>
          <span class={`step-number ${props.done ? 'done' : ''}`} aria-hidden="true">
            {props.done ? '✓' : props.number}
          </span>
          {props.title}
        </>
      }
    >
      {props.children}
    </Card>
  );
}

function ModelStep(props: { models: Model[]; chosen: Model | undefined; draft: Draft }) {
  const { models, chosen, draft } = props;
  return (
    <Step number={1} title="Model" done={chosen?.state === 'ready'}>
      {models.length > 0 && (
        <Select
          label="One that is here"
          value={draft.model}
          options={[
            ['', 'choose…'],
            ...models.map((one): [string, string] => [one.name, `${one.name} (${one.state})`]),
          ]}
          change={(model) => choose({ model })}
        />
      )}
      <AddModel added={(model) => choose({ model })} />
      {chosen && (
        <>
          <p aria-live="polite">
            <State of={chosen.state} />{' '}
            {chosen.state === 'inspecting' && 'A worker looks at what may change in it…'}
            {chosen.state === 'rejected' && <span class="bad-text">{chosen.reason}</span>}
            {chosen.summary &&
              `${chosen.summary.groups.length} groups may be narrower, ${chosen.summary.frozen.length} layers are frozen.`}
          </p>
          {chosen.summary && (
            <details>
              <summary>What was understood</summary>
              <ModelFacts model={chosen} />
            </details>
          )}
        </>
      )}
    </Step>
  );
}

function ImagesStep(props: { datasets: Dataset[]; chosen: Dataset | undefined; draft: Draft }) {
  const { datasets, chosen, draft } = props;
  return (
    <Step number={2} title="Images" done={chosen?.state === 'ready'}>
      {datasets.length > 0 && (
        <Select
          label="Some that are here"
          value={draft.dataset}
          options={[
            ['', 'choose…'],
            ...datasets.map((one): [string, string] => [one.name, `${one.name} (${one.state})`]),
          ]}
          change={(dataset) => choose({ dataset })}
        />
      )}
      <AddDataset added={(dataset) => choose({ dataset })} />
      {chosen && (
        <>
          <p aria-live="polite">
            <State of={chosen.state} />{' '}
            {chosen.state === 'rejected' && <span class="bad-text">{chosen.reason}</span>}
            {chosen.state === 'inspecting' && 'A worker reads every image…'}
            {chosen.state === 'ready' &&
              `${chosen.calibration_images} images to calibrate on, ${chosen.validation_images} to score on${chosen.labelled ? `, ${chosen.boxes} boxes` : ''}.`}
          </p>
          {chosen.state === 'ready' && !chosen.labelled && (
            <p class="note">
              There are no labels: accuracy will be agreement with the original’s own detections.
            </p>
          )}
          {chosen.state === 'ready' && (
            <details>
              <summary>Classes and notes</summary>
              <DatasetFacts dataset={chosen} />
            </details>
          )}
        </>
      )}
    </Step>
  );
}

function TargetsStep(props: { targets: Target[]; again: () => void; draft: Draft }) {
  const { targets, draft } = props;
  const toggle = (name: string): void => {
    const next = draft.targets.includes(name)
      ? draft.targets.filter((one) => one !== name)
      : [...draft.targets, name];
    choose({ target: next.join(',') });
  };
  return (
    <Step number={3} title="Targets" done={draft.targets.length > 0}>
      {targets.length > 0 && (
        <fieldset class="stack">
          <legend>What to be fast on</legend>
          {targets.map((target) => (
            <label key={target.name} class="choice">
              <input
                type="checkbox"
                checked={draft.targets.includes(target.name)}
                onChange={() => toggle(target.name)}
              />
              <span>
                <strong>{target.name}</strong>{' '}
                <span class="muted">
                  {target.runtime}, {format.plural(target.threads, 'thread')}, pool {target.pool}
                </span>{' '}
                {!target.served && <span class="warn-text">nobody serves it now</span>}
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <AddTarget again={props.again} />
      {draft.targets.length > 1 && (
        <label class="choice">
          <input
            type="checkbox"
            checked={draft.worst}
            onChange={(event) => choose({ worst: event.currentTarget.checked ? '1' : null })}
          />
          <span>
            One file for all of them: the front goes by the target where a plan does worst
          </span>
        </label>
      )}
    </Step>
  );
}

function AddTarget({ again }: { again: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    try {
      await change('POST', '/v1/targets', {
        name: String(data.get('name')),
        runtime: String(data.get('runtime')),
        pool: String(data.get('pool')) || 'default',
        threads: Number(data.get('threads')) || 1,
      });
      setProblem(undefined);
      form.reset();
      again();
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
  };
  return (
    <details>
      <summary>Add a target</summary>
      <form class="row-form" onSubmit={add}>
        <span class="field">
          <label for="target-name">Name</label>
          <input id="target-name" name="name" required maxLength={100} />
        </span>
        <span class="field">
          <label for="target-runtime">Runtime</label>
          <input id="target-runtime" name="runtime" required list="runtimes" />
          <datalist id="runtimes">
            <option value="onnxruntime" />
            <option value="openvino" />
          </datalist>
        </span>
        <span class="field">
          <label for="target-pool">Pool</label>
          <input id="target-pool" name="pool" placeholder="default" />
        </span>
        <span class="field">
          <label for="target-threads">Threads</label>
          <input id="target-threads" name="threads" type="number" min={1} placeholder="1" />
        </span>
        <button type="submit">Add</button>
      </form>
      {problem && <Trouble problem={problem} />}
    </details>
  );
}

function GoalStep(props: { draft: Draft; classes: string[]; labelled: boolean }) {
  const { draft } = props;
  const name = mapName(props.labelled ? 'ground_truth' : 'teacher');
  return (
    <Step number={4} title="Goal" done>
      <fieldset class="stack">
        <legend>What to look for</legend>
        {aims.map(([key, words]) => (
          <label key={key} class="choice">
            <input
              type="radio"
              name="aim"
              checked={draft.aim === key}
              onChange={() => choose({ goal: key === 'trade' ? null : key })}
            />
            <span>{words}</span>
          </label>
        ))}
      </fieldset>
      {(draft.aim === 'fastest' || draft.aim === 'smallest') && (
        <NumberField
          label={`${name} of at least`}
          unit="points"
          step={0.1}
          value={draft.points}
          placeholder="36"
          change={(points) => choose({ points })}
        />
      )}
      {draft.aim === 'accurate' && (
        <NumberField
          label="Within"
          unit="ms"
          value={draft.ms}
          placeholder="12"
          change={(ms) => choose({ ms })}
        />
      )}
      {draft.aim === 'class' && (
        <Select
          label="Class"
          value={draft.className}
          options={[['', 'choose…'], ...props.classes.map((one): [string, string] => [one, one])]}
          change={(className) => choose({ class: className })}
        />
      )}
    </Step>
  );
}

function BudgetStep({ draft }: { draft: Draft }) {
  return (
    <Step number={5} title="Budget" done>
      <div class="row-form">
        <NumberField
          label="Trials"
          unit=""
          value={draft.trials}
          step={1}
          min={1}
          change={(trials) => choose({ trials })}
        />
        <NumberField
          label="At most"
          unit="minutes"
          value={draft.minutes}
          change={(minutes) => choose({ minutes })}
        />
        <NumberField
          label="Until so many bring nothing"
          unit="trials"
          value={draft.stagnation}
          step={1}
          min={1}
          change={(stagnation) => choose({ stagnation })}
        />
      </div>
      <details>
        <summary>More</summary>
        <div class="row-form">
          <fieldset>
            <legend>Precisions</legend>
            {allPrecisions.map((one) => (
              <label key={one}>
                <input
                  type="checkbox"
                  checked={draft.precisions.includes(one)}
                  onChange={() => {
                    const next = allPrecisions.filter(
                      (other) => draft.precisions.includes(other) !== (other === one),
                    );
                    choose({
                      precision:
                        next.length === allPrecisions.length ? null : next.join(',') || ',',
                    });
                  }}
                />{' '}
                {one}
              </label>
            ))}
          </fieldset>
          <NumberField
            label="Seed"
            unit=""
            value={draft.seed}
            step={1}
            change={(seed) => choose({ seed: seed === 1 ? null : seed })}
          />
          <NumberField
            label="Begin with the front of job"
            unit=""
            value={draft.from}
            step={1}
            min={1}
            placeholder="none"
            change={(from) => choose({ from })}
          />
        </div>
      </details>
    </Step>
  );
}

function Sent({ draft }: { draft: Draft }) {
  const document = useMemo(() => documentOf(draft), [JSON.stringify(draft)]);
  const text = JSON.stringify(document, null, 2);
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [sending, setSending] = useState(false);
  // Two clicks on one draft make one job.
  useEffect(() => {
    const random = crypto.getRandomValues(new Uint32Array(4));
    setKey(`page-${[...random].map((word) => word.toString(16)).join('')}`);
    setProblem(undefined);
  }, [text]);
  const missing = missingIn(draft);
  const submit = async (): Promise<void> => {
    setSending(true);
    try {
      const job = await change<Job>('POST', '/v1/jobs', document, key);
      go(`/jobs/${job.id}`);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    }
    setSending(false);
  };
  return (
    <div class="side sticky">
      <Card title="What will be sent">
        <Command text={text} />
        <p class="muted">The same in a terminal:</p>
        <Command text={commandOf(draft)} />
        {problem && <Trouble problem={problem} />}
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={missing !== undefined || sending}
            onClick={submit}
          >
            Submit
          </button>
          {missing && <span class="muted">{missing}</span>}
        </div>
      </Card>
    </div>
  );
}
