-- Leads from now on, in a new term.  No row: another leads.
--   $1 holder   $2 for how long, in ms   $3 now   $4 term of a leader that is known to be dead, or null
INSERT INTO leader (term, holder, until)
VALUES (1, $1, time_or_now($3::bigint) + $2::float8 * interval '1 millisecond')
ON CONFLICT (one) DO UPDATE
   SET term = leader.term + 1, holder = EXCLUDED.holder, until = EXCLUDED.until
 WHERE leader.until <= time_or_now($3::bigint) OR leader.term = $4::bigint
RETURNING term, holder, micros(until) AS until;
