-- Datasets by name or by the beginning of their SHA-256, the exact name first; or a page of all.
--   $1 name or null   $2 beginning of the SHA-256 or null   $3 after this id   $4 limit
SELECT id, name, sha256, state, reason, calibration_images, validation_images, boxes, labelled,
       to_json(classes) AS classes, to_json(class_boxes) AS class_boxes, to_json(notes) AS notes, owner, micros(created_at) AS created_at
  FROM dataset
 WHERE (coalesce($1::text, $2::text) IS NULL OR name = $1 OR starts_with(sha256, $2))
   AND id > $3::bigint
 ORDER BY (name IS NOT DISTINCT FROM $1) DESC, id
 LIMIT $4::int;
