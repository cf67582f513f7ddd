-- One row: the session is known and not lost.
--   $1 session
SELECT session FROM worker WHERE session = $1::uuid AND NOT lost;
