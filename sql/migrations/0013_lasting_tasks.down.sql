DROP TABLE task_point;

-- An older version lets nothing stand still: what does is taken from its worker.
ALTER TABLE task DROP CONSTRAINT task_exclusive_or_shared;
UPDATE task_attempt SET ended_at = now(), ending = 'given_back'
  FROM task WHERE task.id = task_id AND task.attempt = task_attempt.attempt AND suspended;
UPDATE task SET state = 'queued', suspended = false, leased_by = NULL, device_id = NULL,
                lease_until = NULL
 WHERE suspended;
ALTER TABLE task
  DROP CONSTRAINT task_suspended_while_leased, DROP COLUMN suspended, DROP COLUMN suspension,
  DROP COLUMN stands_since, DROP COLUMN stood_ms,
  DROP CONSTRAINT task_final_has_no_checkpoint, DROP CONSTRAINT task_checkpoint_is_whole,
  DROP COLUMN checkpoint_attempt, DROP COLUMN checkpoint_step, DROP COLUMN checkpoint_bytes,
  DROP COLUMN checkpoint;

ALTER TABLE task
  DROP CONSTRAINT task_steps_aside_or_alone, DROP CONSTRAINT task_grace_in_range,
  DROP CONSTRAINT task_kind_has_name, DROP COLUMN grace_ms, DROP COLUMN preemptible;

DROP INDEX task_one_exclusive;
DROP INDEX task_waiting;
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
