-- Those that are not known, or were lost.
--   $1 sessions
SELECT said.session FROM unnest($1::uuid[]) AS said (session)
  LEFT JOIN worker ON worker.session = said.session AND NOT worker.lost
 WHERE worker.session IS NULL;
