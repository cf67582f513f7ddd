-- What came of an inspection.  No row: it is not being inspected.
--   $1 sha256   $2 state   $3 reason   $4 summary or null
UPDATE model SET state = $2::entry_state, reason = $3, summary = $4::json
 WHERE sha256 = $1 AND state = 'inspecting'
RETURNING id;
