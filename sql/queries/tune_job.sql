-- Says which members of its fronts a job tunes, and how far that is.
--   $1 id   $2 tuning
UPDATE job SET tuning = $2::json
 WHERE id = $1::bigint
RETURNING id;
