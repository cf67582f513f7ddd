-- 0004: what a target's reality check found, readings of the canary, and tasks of the kind `check`.
--
-- Deploy: rewrites the table of tasks once (a generated column cannot be altered); it is short.

DROP INDEX task_one_exclusive;
DROP INDEX task_waiting;
ALTER TABLE task DROP CONSTRAINT task_exclusive_or_shared;
ALTER TABLE task DROP COLUMN exclusive;

-- A value added to a type cannot be used in the same transaction; those of a new type can.
ALTER TYPE task_kind RENAME TO task_kind_before;
CREATE TYPE task_kind AS ENUM ('inspect_model', 'inspect_dataset', 'prepare', 'build', 'evaluate',
                               'benchmark', 'compare', 'check');
ALTER TABLE task ALTER COLUMN kind TYPE task_kind USING kind::text::task_kind;
DROP TYPE task_kind_before;

ALTER TABLE task ADD COLUMN exclusive boolean NOT NULL
  GENERATED ALWAYS AS (kind IN ('benchmark', 'compare', 'check')) STORED;
ALTER TABLE task ADD CONSTRAINT task_exclusive_or_shared
  EXCLUDE USING gist (device_id WITH =, (exclusive::int) WITH <>) WHERE (state = 'leased');
CREATE UNIQUE INDEX task_one_exclusive ON task (device_id) WHERE state = 'leased' AND exclusive;
CREATE INDEX task_waiting ON task (exclusive, id) WHERE state = 'queued';

-- The check of one target of a job: measured for it, or for another job not long before.
CREATE TABLE job_check (
  job_id           bigint       NOT NULL,
  target           text         NOT NULL,
  cpu_model        text         NOT NULL,
  runtime_version  text         NOT NULL,
  int8             boolean      NOT NULL,  -- int8 was looked at
  result           json,
  reason           text         NOT NULL DEFAULT '',  -- why there is no result
  measured_by      bigint       NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  measured_at      timestamptz  NOT NULL,

  PRIMARY KEY (job_id, target),
  FOREIGN KEY (job_id, target) REFERENCES job_target ON DELETE CASCADE,
  CONSTRAINT check_result_or_reason CHECK ((result IS NULL) = (reason <> ''))
);

CREATE INDEX job_check_recent ON job_check (measured_at) WHERE result IS NOT NULL;

-- How fast a device was whenever it measured for a job.
CREATE TABLE canary_reading (
  id          bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id      bigint            NOT NULL,
  target      text              NOT NULL,
  device_id   text              NOT NULL,
  reading_ms  double precision  NOT NULL CHECK (reading_ms > 0),

  FOREIGN KEY (job_id, target) REFERENCES job_target ON DELETE CASCADE
);

CREATE INDEX canary_of_job ON canary_reading (job_id, target);

-- Why a latency that was accepted is to be taken with care.
ALTER TABLE trial_outcome ADD COLUMN suspect text CHECK (suspect <> '');
