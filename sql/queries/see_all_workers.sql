-- Gives the workers that are not lost time to be heard of.
--   $1 now
UPDATE worker SET last_seen = time_or_now($1::bigint) WHERE NOT lost;
