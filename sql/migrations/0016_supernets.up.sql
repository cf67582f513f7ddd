-- 0016: super-networks are trained by workers that can, and are kept with what they were trained on.
--
-- A worker says what it can do beside what every worker can, and a task what it needs; tasks of before
-- need nothing.
--
-- Deploy: adds columns and a table; workers of before are taken to be able to do nothing special until
-- they say hello again.

ALTER TABLE worker ADD COLUMN capabilities text[] NOT NULL DEFAULT '{}';
ALTER TABLE task
  ADD COLUMN capability text,
  ADD CONSTRAINT task_capability_has_name CHECK (capability <> '');

-- Known by the file's SHA-256: training is repeatable, and the same file that came out twice is one.
CREATE TABLE supernet (
  id                 bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sha256             sha256       NOT NULL UNIQUE,
  bytes              bigint       NOT NULL CHECK (bytes >= 0),
  job_id             bigint       NOT NULL REFERENCES job (id),  -- that had it trained
  model_sha256       sha256       NOT NULL,
  card_version       int          NOT NULL,
  dataset_sha256     sha256       NOT NULL,
  statistics_sha256  sha256       NOT NULL,
  training           json         NOT NULL,  -- what it came to: the result of `train`
  created_at         timestamptz  NOT NULL
);
CREATE INDEX supernet_of_model ON supernet (model_sha256);

-- That the candidates of a job are cut from; null: not there yet, or the job wants none.
ALTER TABLE job ADD COLUMN supernet_sha256 sha256;

-- What was a task's newest checkpoint and is no more: its bytes are removed after a while, and nothing
-- else ever is.
CREATE TABLE old_checkpoint (
  sha256       sha256       PRIMARY KEY,
  replaced_at  timestamptz  NOT NULL
);
CREATE INDEX old_checkpoint_by_time ON old_checkpoint (replaced_at);
CREATE INDEX task_with_checkpoint ON task (checkpoint) WHERE checkpoint IS NOT NULL;

CREATE FUNCTION note_old_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO old_checkpoint (sha256, replaced_at) VALUES (OLD.checkpoint, clock_timestamp())
  ON CONFLICT (sha256) DO UPDATE SET replaced_at = EXCLUDED.replaced_at;
  RETURN NULL;
END $$;
CREATE TRIGGER checkpoint_replaced AFTER UPDATE OF checkpoint ON task
  FOR EACH ROW WHEN (OLD.checkpoint IS NOT NULL AND NEW.checkpoint IS DISTINCT FROM OLD.checkpoint)
  EXECUTE FUNCTION note_old_checkpoint();
