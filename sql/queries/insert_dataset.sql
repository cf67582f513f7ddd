-- Registers a dataset that is to be inspected: nothing is known of it yet.
--   $1 name   $2 sha256   $3 owner   $4 now
INSERT INTO dataset (name, sha256, calibration_images, validation_images, boxes, labelled, classes,
                     owner, created_at)
VALUES ($1, $2, 0, 0, 0, false, '{}', $3, time_or_now($4::bigint));
