-- Says how urgent a job is among its owner's.  REQUIRES: it is locked.
--   $1 job   $2 priority
UPDATE job SET priority = $2::smallint WHERE id = $1::bigint;
