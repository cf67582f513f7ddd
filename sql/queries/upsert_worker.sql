-- Makes a session known, or known again.
--   $1 session   $2 name   $3 device   $4 pools   $5 runtimes   $6 names of the runtimes   $7 now
--   $8 capabilities
INSERT INTO worker (session, name, device_id, pools, runtimes, runtime_names, first_seen, last_seen,
                    capabilities)
VALUES ($1::uuid, $2, $3, ARRAY(SELECT json_array_elements_text($4::json)), $5::json,
        ARRAY(SELECT json_array_elements_text($6::json)), time_or_now($7::bigint),
        time_or_now($7::bigint), ARRAY(SELECT json_array_elements_text($8::json)))
ON CONFLICT (session) DO UPDATE
   SET name = EXCLUDED.name, device_id = EXCLUDED.device_id, pools = EXCLUDED.pools,
       runtimes = EXCLUDED.runtimes, runtime_names = EXCLUDED.runtime_names,
       capabilities = EXCLUDED.capabilities, lost = false,
       last_seen = EXCLUDED.last_seen;
