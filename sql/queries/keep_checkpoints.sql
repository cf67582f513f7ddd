-- Keeps what attempts may be gone on from.  One that comes after its lease was lost counts as long as
-- nobody took the task over.  A later attempt's replaces an earlier one's, which may be what could not
-- be gone on from; within an attempt the furthest counts.
--   $1 tasks   $2 attempts   $3 SHA-256s   $4 bytes   $5 steps
WITH said AS (
  SELECT DISTINCT ON (id) *
    FROM unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[], $5::bigint[])
      AS s (id, attempt, sha256, bytes, step)
   ORDER BY id, attempt DESC, step DESC),
held AS (
  SELECT task.id FROM task JOIN said ON said.id = task.id AND said.attempt = task.attempt
   WHERE (task.state = 'leased'
          OR task.state = 'queued'
             AND EXISTS (SELECT FROM task_attempt a
                          WHERE a.task_id = task.id AND a.attempt = task.attempt
                            AND a.ending IN ('lost', 'given_back')))
     AND (checkpoint IS NULL OR (checkpoint_attempt, checkpoint_step) < (said.attempt, said.step))
   ORDER BY task.id
     FOR UPDATE OF task)
UPDATE task SET checkpoint = said.sha256, checkpoint_bytes = said.bytes,
                checkpoint_step = said.step, checkpoint_attempt = said.attempt
  FROM held JOIN said USING (id) WHERE task.id = held.id
RETURNING task.id;
