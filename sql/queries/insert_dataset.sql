-- Registers a dataset that is to be inspected.
--   $1 name   $2 sha256   $3 calibration images   $4 validation images   $5 boxes   $6 labelled
--   $7 classes   $8 now
INSERT INTO dataset (name, sha256, calibration_images, validation_images, boxes, labelled, classes,
                     created_at)
VALUES ($1, $2, $3::int, $4::int, $5::int, $6::boolean,
        ARRAY(SELECT json_array_elements_text($7::json)), time_or_now($8::bigint));
