-- 0003: the queue: workers, their devices, tasks and their leases.
--
-- The legal moves between states are core/task.h.  The checks below make the rows that those
-- moves never produce impossible to store, whoever writes them.
--
-- Deploy: adds only.  Needs the extension btree_gist, which a database's owner may create.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TYPE task_kind AS ENUM ('inspect_model', 'inspect_dataset', 'prepare', 'build', 'evaluate',
                               'benchmark', 'compare');
CREATE TYPE task_state AS ENUM ('queued', 'leased', 'succeeded', 'failed', 'cancelled');
CREATE TYPE attempt_end AS ENUM ('reported', 'lost', 'cancelled');

-- A machine, however many workers claim it.  Its row is the lock under which they claim.
CREATE TABLE device (
  id          text         PRIMARY KEY,
  probe       json,
  last_seen   timestamptz  NOT NULL
);

-- One start of a worker process.
CREATE TABLE worker (
  session        uuid         PRIMARY KEY,
  name           text         NOT NULL,
  device_id      text         NOT NULL REFERENCES device (id),
  pools          text[]       NOT NULL,
  runtimes       json         NOT NULL,
  runtime_names  text[]       NOT NULL,
  lost           boolean      NOT NULL DEFAULT false,
  first_seen     timestamptz  NOT NULL,
  last_seen      timestamptz  NOT NULL
);

CREATE INDEX worker_on_device ON worker (device_id) WHERE NOT lost;

CREATE TABLE task (
  id              bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind            task_kind         NOT NULL,
  exclusive       boolean           NOT NULL GENERATED ALWAYS AS (kind IN ('benchmark', 'compare')) STORED,
  model_sha256    sha256,
  dataset_sha256  sha256,
  job_id          bigint            REFERENCES job (id) ON DELETE CASCADE,
  trial           int,
  comparison_id   bigint            REFERENCES comparison (id) ON DELETE CASCADE,
  target          text              NOT NULL DEFAULT '',
  pool            text,             -- null: workers of any pool
  runtime         text,             -- null: whatever they serve
  document        json              NOT NULL,
  time_limit_ms   double precision  NOT NULL CHECK (time_limit_ms > 0),
  state           task_state        NOT NULL DEFAULT 'queued',
  attempt         smallint          NOT NULL DEFAULT 0,
  max_attempts    smallint          NOT NULL DEFAULT 3,
  leased_by       uuid              REFERENCES worker (session),
  device_id       text              REFERENCES device (id),
  leased_at       timestamptz,
  lease_until     timestamptz,
  progress        double precision  NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
  message         text              NOT NULL DEFAULT '',
  outcome         json,
  reason          text              NOT NULL DEFAULT '',
  handled         boolean           NOT NULL DEFAULT false,
  created_at      timestamptz       NOT NULL,
  finished_at     timestamptz,

  FOREIGN KEY (job_id, trial) REFERENCES trial (job_id, number) ON DELETE CASCADE,
  CONSTRAINT task_leased_has_holder CHECK ((state = 'leased') = (leased_by IS NOT NULL)),
  CONSTRAINT task_holder_has_device CHECK ((leased_by IS NULL) = (device_id IS NULL)),
  CONSTRAINT task_holder_has_expiry CHECK ((leased_by IS NULL) = (lease_until IS NULL)),
  CONSTRAINT task_final_has_end     CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CONSTRAINT task_success_has_outcome CHECK (state <> 'succeeded' OR outcome IS NOT NULL),
  CONSTRAINT task_attempt_in_range  CHECK (attempt BETWEEN 0 AND max_attempts),
  CONSTRAINT task_trial_has_job     CHECK (trial IS NULL OR job_id IS NOT NULL),
  -- A device runs one exclusive task, or others, never both.
  CONSTRAINT task_exclusive_or_shared
    EXCLUDE USING gist (device_id WITH =, (exclusive::int) WITH <>) WHERE (state = 'leased')
);

CREATE UNIQUE INDEX task_one_exclusive ON task (device_id) WHERE state = 'leased' AND exclusive;
CREATE INDEX task_waiting ON task (exclusive, id) WHERE state = 'queued';
CREATE INDEX task_expiring ON task (lease_until) WHERE state = 'leased';
CREATE INDEX task_unhandled ON task (finished_at, id) WHERE state IN ('succeeded', 'failed') AND NOT handled;
CREATE INDEX task_of_job ON task (job_id, trial);
CREATE INDEX task_of_comparison ON task (comparison_id) WHERE comparison_id IS NOT NULL;

-- Who had a task when, and how that ended: nothing can end twice.
CREATE TABLE task_attempt (
  task_id    bigint       NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  attempt    smallint     NOT NULL CHECK (attempt > 0),
  session    uuid         NOT NULL REFERENCES worker (session),
  device_id  text         NOT NULL REFERENCES device (id),
  leased_at  timestamptz  NOT NULL,
  ended_at   timestamptz,
  ending     attempt_end,

  PRIMARY KEY (task_id, attempt),
  CONSTRAINT attempt_end_has_reason CHECK ((ended_at IS NULL) = (ending IS NULL))
);

CREATE UNIQUE INDEX attempt_open ON task_attempt (task_id) WHERE ended_at IS NULL;
