DROP TABLE leader;
DROP INDEX task_unhandled;
ALTER TABLE task DROP COLUMN set_aside;
CREATE INDEX task_unhandled ON task (finished_at, id)
 WHERE state IN ('succeeded', 'failed') AND NOT handled;
ALTER TABLE task RESET (fillfactor);
ALTER TABLE worker RESET (fillfactor);
DROP TRIGGER task_queued_again ON task;
DROP TRIGGER task_queued ON task;
DROP FUNCTION announce_task();
