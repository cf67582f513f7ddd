-- Ends a comparison.  No row: it has ended, or there is none.
--   $1 id   $2 state   $3 reason   $4 result or null   $5 now
UPDATE comparison SET state = $2::comparison_state, reason = $3, result = $4::json,
                      finished_at = time_or_now($5::bigint)
 WHERE id = $1::bigint AND finished_at IS NULL AND $2 IN ('succeeded', 'failed')
RETURNING job_id;
