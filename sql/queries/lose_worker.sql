-- Marks a session as lost.  No row: it is unknown, or was lost before.
--   $1 session   $2 also one that was lost before
WITH before AS (
  SELECT session, lost FROM worker WHERE session = $1::uuid AND ($2::boolean OR NOT lost) FOR UPDATE)
UPDATE worker SET lost = true FROM before WHERE worker.session = before.session
RETURNING before.lost AS was_lost;
