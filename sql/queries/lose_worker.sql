-- Marks a session as lost.  No row: it is unknown, or was lost before.
--   $1 session
UPDATE worker SET lost = true WHERE session = $1::uuid AND NOT lost
RETURNING name;
