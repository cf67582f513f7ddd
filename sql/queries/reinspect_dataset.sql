-- Has a rejected dataset inspected again.
--   $1 sha256   $2 calibration images   $3 validation images   $4 boxes   $5 labelled   $6 classes
UPDATE dataset
   SET state = 'inspecting', reason = '', calibration_images = $2::int, validation_images = $3::int,
       boxes = $4::int, labelled = $5::boolean,
       classes = ARRAY(SELECT json_array_elements_text($6::json))
 WHERE sha256 = $1;
