-- 0002: jobs, their trials with what was measured, the log that restores a search, comparisons.
--
-- The legal moves of a job are core/job.h.  Primary keys and checks make it impossible to record
-- anything twice, whoever writes.
--
-- Deploy: adds only.

CREATE TYPE job_state AS ENUM ('queued', 'preparing', 'searching', 'paused', 'finishing',
                               'succeeded', 'failed', 'cancelled');
CREATE TYPE trial_state AS ENUM ('running', 'finished', 'failed');
CREATE TYPE trial_origin AS ENUM ('seed', 'search');
CREATE TYPE search_step AS ENUM ('ask', 'tell');
CREATE TYPE comparison_state AS ENUM ('queued', 'running', 'succeeded', 'failed');

CREATE FUNCTION is_final(s job_state) RETURNS boolean LANGUAGE sql IMMUTABLE
  RETURN s IN ('succeeded', 'failed', 'cancelled');

CREATE TABLE job (
  id                 bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document           json           NOT NULL,
  model_sha256       sha256         NOT NULL REFERENCES model (sha256),
  dataset_sha256     sha256         NOT NULL REFERENCES dataset (sha256),
  seed               numeric(20, 0) NOT NULL CHECK (seed >= 0),
  state              job_state      NOT NULL DEFAULT 'queued',
  reason             text           NOT NULL DEFAULT '',
  statistics_sha256  sha256,
  prepared           json,
  created_at         timestamptz    NOT NULL,
  started_at         timestamptz,
  searching_at       timestamptz,
  finished_at        timestamptz,

  CONSTRAINT job_final_has_end CHECK (is_final(state) = (finished_at IS NOT NULL)),
  CONSTRAINT job_searching_is_prepared
    CHECK (state NOT IN ('searching', 'paused', 'finishing') OR searching_at IS NOT NULL)
);

CREATE INDEX job_active ON job (id) WHERE NOT is_final(state);

CREATE TABLE job_target (
  job_id   bigint NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  target   text   NOT NULL REFERENCES target (name),
  ordinal  int    NOT NULL,
  PRIMARY KEY (job_id, target)
);

-- What a POST with an Idempotency-Key made.
CREATE TABLE idempotency_key (
  route           text         NOT NULL,
  key             text         NOT NULL,
  request_sha256  text         NOT NULL,
  made_id         bigint       NOT NULL,
  created_at      timestamptz  NOT NULL,
  PRIMARY KEY (route, key)
);

CREATE TABLE trial (
  job_id            bigint        NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number            int           NOT NULL CHECK (number > 0),  -- dense within the job
  plan_sha256       sha256        NOT NULL,
  plan              text          NOT NULL,  -- canonical JSON: its bytes are what was hashed
  origin            trial_origin  NOT NULL,
  genome            int[]         NOT NULL,
  state             trial_state   NOT NULL DEFAULT 'running',
  reason            text          NOT NULL DEFAULT '',
  candidate_sha256  sha256,
  bytes             bigint,
  macs              bigint,
  build             json,
  created_at        timestamptz   NOT NULL,
  finished_at       timestamptz,

  PRIMARY KEY (job_id, number),
  CONSTRAINT trial_plan_once     UNIQUE (job_id, plan_sha256),
  CONSTRAINT trial_final_has_end CHECK ((state = 'running') = (finished_at IS NULL)),
  CONSTRAINT trial_built_whole   CHECK (num_nulls(candidate_sha256, bytes, macs) IN (0, 3))
);

CREATE INDEX trial_plan ON trial (plan_sha256 text_pattern_ops);
CREATE INDEX trial_candidate ON trial (candidate_sha256 text_pattern_ops);

-- What is known of a trial on one target.
CREATE TABLE trial_outcome (
  job_id             bigint            NOT NULL,
  number             int               NOT NULL,
  target             text              NOT NULL,
  map_50_95          double precision,
  images             int,
  accuracy_runtime   text,
  detections_sha256  sha256,
  accuracy           json,
  median_ms          double precision,
  low_ms             double precision,
  high_ms            double precision,
  samples_ms         double precision[],
  latency            json,
  infeasible         text              CHECK (infeasible <> ''),

  PRIMARY KEY (job_id, number, target),
  FOREIGN KEY (job_id, number) REFERENCES trial ON DELETE CASCADE,
  FOREIGN KEY (job_id, target) REFERENCES job_target ON DELETE CASCADE,
  CONSTRAINT outcome_accuracy_whole CHECK (num_nulls(map_50_95, images, accuracy_runtime) IN (0, 3)),
  CONSTRAINT outcome_latency_whole  CHECK (num_nulls(median_ms, low_ms, high_ms, samples_ms) IN (0, 4)),
  CONSTRAINT outcome_not_both       CHECK (infeasible IS NULL OR median_ms IS NULL)
);

CREATE TABLE search_log (
  job_id   bigint       NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  seq      int          NOT NULL CHECK (seq > 0),  -- dense within the job
  step     search_step  NOT NULL,
  payload  json         NOT NULL,
  PRIMARY KEY (job_id, seq)
);

CREATE TABLE comparison (
  id             bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id         bigint            NOT NULL REFERENCES job (id),
  target         text              NOT NULL REFERENCES target (name),
  plan_a_sha256  sha256            NOT NULL,
  plan_b_sha256  sha256            NOT NULL,
  document       json              NOT NULL,
  state          comparison_state  NOT NULL DEFAULT 'queued',  -- running is read off its task
  reason         text              NOT NULL DEFAULT '',
  result         json,
  created_at     timestamptz       NOT NULL,
  finished_at    timestamptz,

  CONSTRAINT comparison_final_has_end
    CHECK ((state IN ('succeeded', 'failed')) = (finished_at IS NOT NULL))
);

-- What happened, in order.
CREATE TABLE event (
  id      bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz  NOT NULL,
  kind    text         NOT NULL,
  job_id  bigint       REFERENCES job (id) ON DELETE CASCADE,
  body    json         NOT NULL
);
