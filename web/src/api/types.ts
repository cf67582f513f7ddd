// What the API answers, as far as the page reads it (docs/api.md).

export interface Page<T> {
  items: T[];
  next?: string;
}

export type JobState =
  | 'queued'
  | 'preparing'
  | 'searching'
  | 'paused'
  | 'finishing'
  | 'succeeded'
  | 'failed'
  | 'cancelled';

export interface Constraint {
  metric: string;
  max?: number;
  min?: number;
  target?: string;
}

export interface Waiting {
  task?: number;
  kind: string;
  trial?: number;
  reason: string;
  times?: number;
  until?: string;
}

export interface UnderWay {
  task: number;
  kind: string;
  progress: number;
  message: string;
  trial?: number;
}

export interface HeldBack {
  map_50_95: number;
  images: number;
  map_low?: number;
  map_high?: number;
  map_lost?: number;
  map_lost_low?: number;
  map_lost_high?: number;
}

export interface Member {
  plan_sha256: string;
  candidate_sha256: string;
  trial: number;
  map_50_95: number;
  images: number;
  map_low?: number;
  map_high?: number;
  figures?: Record<string, number>;
  latency_ms: number;
  latency_low_ms: number;
  latency_high_ms: number;
  latency_confirmed: boolean;
  latency_suspect?: string;
  accuracy_alarm?: string;
  on_front: number;
  bytes: number;
  peak_memory_bytes: number;
  macs: number;
  input: [number, number];
  precision: string;
  weights: string;
  recovered: string;
  map_lost: number;
  map_lost_low?: number;
  map_lost_high?: number;
  held_back?: HeldBack;
  speedup: number;
  description: string;
}

export interface Front {
  target?: string;
  labels?: string;
  original?: Member;
  hypervolume: number;
  members: Member[];
  hidden: number;
}

export interface Best {
  target: string;
  hypervolume: number;
  original?: Member;
  front: number;
  fastest?: Member;
  note?: string;
}

export interface Job {
  id: number;
  state: JobState;
  revision: number;
  reason?: string;
  owner?: string;
  warnings?: string[];
  model: string;
  dataset: string;
  model_sha256: string;
  dataset_sha256: string;
  supernet_sha256?: string;
  targets: string[];
  objectives: string[];
  constraints: Constraint[];
  across: 'each' | 'worst';
  strategy: string;
  seed: number;
  recovery: string | Record<string, unknown>;
  space: Record<string, unknown>;
  validation: Record<string, unknown>;
  begin_with: unknown[];
  transfer: unknown;
  weights: Record<string, number>;
  budget: {
    trials: number;
    seconds: number | null;
    device_seconds: number | null;
    stagnation: number | null;
  };
  created_at: string;
  started_at?: string;
  finished_at?: string;
  trials: { asked: number; finished: number; failed: number };
  progress: number;
  seconds_left?: number;
  labels?: string;
  best?: Best[];
  waiting?: Waiting[];
  under_way?: UnderWay[];
  preprocessing?: { images: number; findings: string[]; alarms: string[] };
}

export interface Outcome {
  infeasible?: string;
  map_50_95?: number;
  map_low?: number;
  map_high?: number;
  map_lost?: number;
  map_lost_low?: number;
  map_lost_high?: number;
  expected_map?: number;
  images?: number;
  held_back?: HeldBack;
  figures?: Record<string, number>;
  latency_ms?: number;
  latency_low_ms?: number;
  latency_high_ms?: number;
  latency_suspect?: string;
  first_latency_ms?: number;
  accuracy_alarm?: string;
  samples?: number;
  peak_memory_bytes?: number;
  speedup?: number;
}

// A trial in a list, without its plan.
export interface Trial {
  number: number;
  plan_sha256: string;
  state: 'running' | 'finished' | 'failed';
  reason?: string;
  origin: string;
  candidate_sha256?: string;
  bytes?: number;
  macs?: number;
  input?: [number, number];
  precision?: string;
  weights?: string;
  narrower_groups?: number;
  skipped_blocks?: number;
  smaller_kernels?: number;
  float_layers?: number;
  description?: string;
  outcomes: Record<string, Outcome>;
  created_at: string;
  finished_at?: string;
}

export interface PlanTrial extends Trial {
  job: number;
}

export interface PlanView {
  sha256: string;
  plan: Record<string, unknown>;
  trials: PlanTrial[];
}

export interface CandidateView {
  sha256: string;
  plan_sha256: string;
  bytes: number;
  macs: number;
  build: unknown;
  trials: PlanTrial[];
}

export interface Work {
  inputs: number;
  outputs: number;
  macs: number;
  bytes: number;
}

export interface ReportLayer extends Work {
  layer: string;
  op: string;
  gone?: boolean;
  precision: string;
  why_float?: string;
  macs_share: number;
  bytes_share: number;
  original: Work;
  int8_damage?: number;
  times?: Record<string, { ms?: number; share?: number; original_ms?: number }>;
}

export interface ReportTarget extends Partial<Member> {
  target: string;
  infeasible?: string;
}

export interface Totals {
  macs?: number;
  parameters?: number;
  bytes?: number;
}

export interface Report {
  sha256: string;
  plan_sha256: string;
  job: number;
  trial: number;
  origin: string;
  model_sha256: string;
  labels?: string;
  description: string;
  totals: Totals & { original?: Totals };
  cuts: {
    kind: string;
    what?: string;
    from: string;
    to: string;
    why: string;
    expected_damage?: number;
    macs_saved?: number;
  }[];
  layers: ReportLayer[];
  targets: ReportTarget[];
  unknown: string[];
}

export interface Card {
  head?: string;
  input?: [number, number];
  classes?: string[];
  [name: string]: unknown;
}

export interface Summary {
  bytes: number;
  macs: number;
  parameters: number;
  opset: number;
  stride: number;
  class_count: number;
  card: Card;
  groups: {
    name: string;
    channels: number;
    widths: number[];
    producers: string[];
    consumers: string[];
  }[];
  frozen: { layer: string; channels: number; reason: string }[];
  layers: { name: string; op: string; macs: number; parameters: number }[];
  notes: string[];
  origins: Record<string, string>;
  stages?: { blocks: { name: string }[] }[];
  kernels?: { layer: string; sizes: number[] }[];
  tried?: { seconds: number; sizes: { size: [number, number]; why_not?: string }[] };
}

export interface Model {
  name: string;
  sha256: string;
  state: 'inspecting' | 'ready' | 'rejected';
  reason?: string;
  owner?: string;
  card: Card | null;
  card_version: number;
  summary?: Summary;
  created_at: string;
}

export interface Dataset {
  name: string;
  sha256: string;
  state: 'inspecting' | 'ready' | 'rejected';
  reason?: string;
  owner?: string;
  calibration_images: number;
  validation_images: number;
  boxes: number;
  labelled: boolean;
  classes: string[];
  class_boxes: number[];
  notes?: string[];
  created_at: string;
}

export interface Target {
  name: string;
  runtime: string;
  pool: string;
  threads: number;
  precisions: string[];
  served: boolean;
  workers: number;
}

export interface Worker {
  session: string;
  name: string;
  device: string;
  probe: {
    cpu_model?: string;
    cores?: number;
    architecture?: string;
    memory_bytes?: number;
    frequency_mhz?: number;
    kernel?: string;
  } | null;
  pools: string[];
  runtimes: { name: string; version: string; precisions: string[] }[];
  capabilities: string[];
  state: 'idle' | 'busy' | 'lost';
  last_seen: string;
  tasks: number[];
}

export interface Comparison {
  id: number;
  state: 'queued' | 'running' | 'succeeded' | 'failed';
  reason?: string;
  job: number;
  target: string;
  a: string;
  b: string;
  alpha?: number;
  latency_margin?: number;
  map_margin?: number;
  max_blocks?: number;
  result?: {
    latency: { ratio: number; low: number; high: number | null; blocks: number; verdict: string };
    accuracy: {
      labels?: string;
      delta: number;
      low: number;
      high: number;
      images: number;
      verdict: string;
    };
    verdict: string;
    sentence: string;
  };
  created_at: string;
  finished_at?: string;
}

export interface Check {
  target: string;
  result?: Record<string, unknown>;
  reason?: string;
  measured_by: number;
  measured_at: string;
}

export interface Task {
  id: number;
  kind: string;
  state: string;
  attempt: number;
  progress: number;
  message: string;
  suspended: boolean;
  device: string | null;
  created_at: string;
  trial?: number;
  waiting_reason?: string;
  reason?: string;
  finished_at?: string;
}

export interface Health {
  status: string;
  database: string;
  artifacts: string;
  workers: number;
  waiting: number;
  waiting_reason?: string;
  reason?: string;
  since?: string;
  version: string;
  max_blob_bytes: number;
}

export interface WhoAmI {
  access: 'open' | 'tokens';
  owner?: string;
  scopes: string[];
}

export interface Token {
  name: string;
  owner: string;
  scopes: string[];
  created_at: string;
  expires_at?: string;
  revoked_at?: string;
  used_at?: string;
}

export interface AuditEntry {
  at: string;
  token?: string;
  owner?: string;
  method: string;
  path: string;
  status: number;
  times?: number;
}
