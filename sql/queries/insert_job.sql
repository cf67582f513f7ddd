-- Makes a job with its targets.
--   $1 document   $2 model sha256   $3 dataset sha256   $4 seed   $5 targets   $6 now   $7 warnings   $8 owner
WITH made AS (
  INSERT INTO job (document, model_sha256, dataset_sha256, seed, created_at, card_version, warnings, owner)
  VALUES ($1::json, $2::text, $3, $4::numeric, time_or_now($6::bigint),
          coalesce((SELECT card_version FROM model WHERE sha256 = $2::text), 1),
          ARRAY(SELECT json_array_elements_text($7::json)), $8)
  RETURNING id),
aimed AS (
  INSERT INTO job_target (job_id, target, ordinal)
  SELECT made.id, t.name, t.ordinal
    FROM made, json_array_elements_text($5::json) WITH ORDINALITY AS t (name, ordinal))
SELECT id FROM made;
