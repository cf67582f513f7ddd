-- What tasks ask for.
--   $1 tasks
SELECT id, kind FROM task WHERE id = ANY ($1::bigint[]);
