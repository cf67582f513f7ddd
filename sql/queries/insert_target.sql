-- Makes a target.  No row: the name is taken.
--   $1 name   $2 runtime   $3 pool   $4 threads   $5 precisions   $6 now
INSERT INTO target (name, runtime, pool, threads, precisions, created_at)
VALUES ($1, $2, $3, $4::int, ARRAY(SELECT json_array_elements_text($5::json)),
        time_or_now($6::bigint))
ON CONFLICT (name) DO NOTHING
RETURNING name;
