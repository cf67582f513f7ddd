-- What a job goes on in spite of.
--   $1 job   $2 warnings
UPDATE job SET warnings = ARRAY(SELECT json_array_elements_text($2::json)) WHERE id = $1::bigint
RETURNING id;
