-- Notes that workers live.
--   $1 sessions   $2 now
UPDATE worker SET last_seen = time_or_now($2::bigint)
  FROM (SELECT DISTINCT session FROM unnest($1::uuid[]) AS s (session)) AS said
 WHERE worker.session = said.session AND NOT lost
RETURNING worker.session;
