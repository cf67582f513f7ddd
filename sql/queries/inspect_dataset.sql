-- What came of an inspection.  No row: it is not being inspected.
--   $1 sha256   $2 state   $3 reason   $4 calibration images   $5 validation images   $6 boxes
--   $7 labelled   $8 classes   $9 boxes of each class   $10 notes
UPDATE dataset
   SET state = $2::entry_state, reason = $3, calibration_images = $4::int,
       validation_images = $5::int, boxes = $6::int, labelled = $7::boolean,
       classes = ARRAY(SELECT json_array_elements_text($8::json)),
       class_boxes = ARRAY(SELECT json_array_elements_text($9::json)::bigint),
       notes = ARRAY(SELECT json_array_elements_text($10::json))
 WHERE sha256 = $1 AND state = 'inspecting'
RETURNING id;
