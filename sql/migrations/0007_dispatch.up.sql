-- 0007: new tasks are announced, workers' signs of life cost less, what cannot be read is set aside,
-- and one coordinator leads.

-- Whoever queues a task rings a bell; several in one transaction ring once.
CREATE FUNCTION announce_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('pare_task_queued', '');
  RETURN NULL;
END $$;
CREATE TRIGGER task_queued AFTER INSERT ON task
  FOR EACH STATEMENT EXECUTE FUNCTION announce_task();
CREATE TRIGGER task_queued_again AFTER UPDATE OF state ON task
  FOR EACH ROW WHEN (NEW.state = 'queued' AND OLD.state <> 'queued') EXECUTE FUNCTION announce_task();

-- Both change every second and no index names what changes: room beside each row makes that a change
-- within its page.
ALTER TABLE worker SET (fillfactor = 50);
ALTER TABLE task SET (fillfactor = 80);

-- Why the end of a task could not be handled: it waits for a person, and nothing waits for it.
ALTER TABLE task ADD COLUMN set_aside text CHECK (set_aside <> '');
DROP INDEX task_unhandled;
CREATE INDEX task_unhandled ON task (finished_at, id)
 WHERE state IN ('succeeded', 'failed') AND NOT handled AND set_aside IS NULL;

-- At most one row: who hands out tasks and moves jobs.  Every change it makes names its term.
CREATE TABLE leader (
  one    boolean     PRIMARY KEY DEFAULT true CHECK (one),
  term   bigint      NOT NULL CHECK (term > 0),
  holder text        NOT NULL CHECK (holder <> ''),
  until  timestamptz NOT NULL
);
