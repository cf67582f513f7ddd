-- The state of a job, which nobody else changes until this transaction ends.
--   $1 id
SELECT state FROM job WHERE id = $1::bigint FOR UPDATE;
