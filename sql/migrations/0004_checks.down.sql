ALTER TABLE trial_outcome DROP COLUMN suspect;
DROP TABLE canary_reading;
DROP TABLE job_check;
DELETE FROM task WHERE kind = 'check';
DROP INDEX task_one_exclusive;
DROP INDEX task_waiting;
ALTER TABLE task DROP CONSTRAINT task_exclusive_or_shared;
ALTER TABLE task DROP COLUMN exclusive;
ALTER TYPE task_kind RENAME TO task_kind_before;
CREATE TYPE task_kind AS ENUM ('inspect_model', 'inspect_dataset', 'prepare', 'build', 'evaluate',
                               'benchmark', 'compare');
ALTER TABLE task ALTER COLUMN kind TYPE task_kind USING kind::text::task_kind;
DROP TYPE task_kind_before;
ALTER TABLE task ADD COLUMN exclusive boolean NOT NULL
  GENERATED ALWAYS AS (kind IN ('benchmark', 'compare')) STORED;
ALTER TABLE task ADD CONSTRAINT task_exclusive_or_shared
  EXCLUDE USING gist (device_id WITH =, (exclusive::int) WITH <>) WHERE (state = 'leased');
CREATE UNIQUE INDEX task_one_exclusive ON task (device_id) WHERE state = 'leased' AND exclusive;
CREATE INDEX task_waiting ON task (exclusive, id) WHERE state = 'queued';
