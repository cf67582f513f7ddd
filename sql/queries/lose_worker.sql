-- Marks a session as lost.  No row: it is unknown, or was lost before.
--   $1 session   $2 also one that was lost before
UPDATE worker SET lost = true WHERE session = $1::uuid AND ($2::boolean OR NOT lost)
RETURNING name;
