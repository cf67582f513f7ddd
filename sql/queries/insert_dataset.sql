-- Registers a dataset that is to be inspected: nothing is known of it yet.
--   $1 name   $2 sha256   $3 now
INSERT INTO dataset (name, sha256, calibration_images, validation_images, boxes, labelled, classes,
                     created_at)
VALUES ($1, $2, 0, 0, 0, false, '{}', time_or_now($3::bigint));
