-- Marks the end of a task as handled.  No row: it has not ended by itself, or was handled before.
--   $1 task
UPDATE task SET handled = true
 WHERE id = $1::bigint AND state IN ('succeeded', 'failed') AND NOT handled
RETURNING id;
