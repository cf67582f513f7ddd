// A job before it is posted: what was chosen in words, as the document that the service takes.

export interface Draft {
  model: string;
  dataset: string;
  targets: string[];
  aim: string;
  points: number | undefined; // mAP, at least
  ms: number | undefined; // at most
  className: string;
  worst: boolean; // one front over all targets
  trials: number;
  minutes: number | undefined;
  stagnation: number | undefined;
  from: number | undefined; // a job whose front is tried first
  precisions: string[];
  seed: number;
}

export const aims: [string, string][] = [
  ['trade', 'The whole trade-off between accuracy and latency'],
  ['fastest', 'The fastest that keeps an accuracy'],
  ['accurate', 'The most accurate within a latency'],
  ['smallest', 'The smallest that keeps an accuracy'],
  ['class', 'Never lose one class: its accuracy against latency'],
];

export const allPrecisions = ['fp32', 'int8', 'fp16', 'bf16'];

export interface JobDocument {
  model: string;
  dataset: string;
  targets: string[];
  objectives?: string[];
  constraints?: Record<string, unknown>[];
  across?: string;
  begin_with?: Record<string, unknown>[];
  space?: Record<string, unknown>;
  seed?: number;
  budget: Record<string, number>;
}

// What is missing before it can be posted; undefined: nothing.
export function missingIn(draft: Draft): string | undefined {
  if (!draft.model) return 'Choose a model.';
  if (!draft.dataset) return 'Choose images.';
  if (draft.targets.length === 0) return 'Choose at least one target.';
  if ((draft.aim === 'fastest' || draft.aim === 'smallest') && draft.points === undefined) {
    return 'Say which accuracy is to be kept.';
  }
  if (draft.aim === 'accurate' && draft.ms === undefined) return 'Say how long it may take.';
  if (draft.aim === 'class' && !draft.className) return 'Choose the class.';
  if (draft.precisions.length === 0) return 'Allow at least one precision.';
  return undefined;
}

function goalOf(draft: Draft): Pick<JobDocument, 'objectives' | 'constraints'> {
  const floor = { metric: 'map_50_95', min: (draft.points ?? 0) / 100 };
  switch (draft.aim) {
    case 'fastest':
      return { objectives: ['latency_ms'], constraints: [floor] };
    case 'smallest':
      return { objectives: ['bytes'], constraints: [floor] };
    case 'accurate':
      return {
        objectives: ['map_50_95'],
        constraints: [{ metric: 'latency_ms', max: draft.ms ?? 0 }],
      };
    case 'class':
      return { objectives: [`class:${draft.className}`, 'latency_ms'] };
    default:
      return {};
  }
}

export function documentOf(draft: Draft): JobDocument {
  const whole = draft.precisions.length === allPrecisions.length;
  return {
    model: draft.model,
    dataset: draft.dataset,
    targets: draft.targets,
    ...goalOf(draft),
    ...(draft.worst && draft.targets.length > 1 ? { across: 'worst' } : {}),
    ...(draft.from === undefined ? {} : { begin_with: [{ front_of: draft.from }] }),
    ...(whole ? {} : { space: { precision: draft.precisions } }),
    ...(draft.seed === 1 ? {} : { seed: draft.seed }),
    budget: {
      trials: draft.trials,
      ...(draft.minutes === undefined ? {} : { seconds: 60 * draft.minutes }),
      ...(draft.stagnation === undefined ? {} : { stagnation: draft.stagnation }),
    },
  };
}

// The same for a terminal.
export function commandOf(draft: Draft): string {
  const document = documentOf(draft);
  const words = [
    'pare submit',
    `--model ${draft.model || 'MODEL'}`,
    `--dataset ${draft.dataset || 'DATASET'}`,
  ];
  for (const target of draft.targets) words.push(`--target ${target}`);
  for (const objective of document.objectives ?? []) words.push(`--objective ${objective}`);
  for (const constraint of document.constraints ?? []) {
    const bound = 'min' in constraint ? 'min' : 'max';
    words.push(`--${bound} ${String(constraint['metric'])}=${String(constraint[bound])}`);
  }
  if (document.across) words.push('--worst');
  if (draft.from !== undefined) words.push(`--begin-with job:${draft.from}`);
  if (document.space) words.push(...draft.precisions.map((name) => `--precision ${name}`));
  words.push(`--trials ${draft.trials}`);
  if (draft.minutes !== undefined) words.push(`--seconds ${60 * draft.minutes}`);
  if (draft.stagnation !== undefined) words.push(`--stagnation ${draft.stagnation}`);
  if (draft.seed !== 1) words.push(`--seed ${draft.seed}`);
  return words.join(' ');
}
