-- Leads on, also after the time was over, if nobody else took the lead.  No row: another did.
--   $1 term   $2 for how long, in ms   $3 now
UPDATE leader SET until = time_or_now($3::bigint) + $2::float8 * interval '1 millisecond'
 WHERE term = $1::bigint
RETURNING term, holder, micros(until) AS until;
