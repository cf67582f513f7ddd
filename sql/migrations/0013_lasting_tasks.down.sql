ALTER TABLE task
  DROP CONSTRAINT task_steps_aside_or_alone, DROP CONSTRAINT task_grace_in_range,
  DROP CONSTRAINT task_kind_has_name, DROP COLUMN grace_ms, DROP COLUMN preemptible;

DROP INDEX task_one_exclusive;
DROP INDEX task_waiting;
ALTER TABLE task DROP CONSTRAINT task_exclusive_or_shared;
ALTER TABLE task DROP COLUMN exclusive;
-- Kinds that an older version does not know.
DELETE FROM task WHERE kind NOT IN ('inspect_model', 'inspect_dataset', 'prepare', 'build', 'evaluate',
                                    'benchmark', 'compare', 'check');
CREATE TYPE task_kind AS ENUM ('inspect_model', 'inspect_dataset', 'prepare', 'build', 'evaluate',
                               'benchmark', 'compare', 'check');
ALTER TABLE task ALTER COLUMN kind TYPE task_kind USING kind::task_kind;
ALTER TABLE task ADD COLUMN exclusive boolean NOT NULL
  GENERATED ALWAYS AS (kind IN ('benchmark', 'compare', 'check')) STORED;
ALTER TABLE task ADD CONSTRAINT task_exclusive_or_shared
  EXCLUDE USING gist (device_id WITH =, (exclusive::int) WITH <>) WHERE (state = 'leased');
CREATE UNIQUE INDEX task_one_exclusive ON task (device_id) WHERE state = 'leased' AND exclusive;
CREATE INDEX task_waiting ON task (exclusive, id) WHERE state = 'queued';
