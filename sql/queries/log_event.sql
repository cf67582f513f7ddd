-- Notes what happened.
--   $1 kind   $2 job or null   $3 body   $4 now
INSERT INTO event (at, kind, job_id, body)
VALUES (time_or_now($4::bigint), $1, $2::bigint, $3::json);
