-- A version that does not know them cannot read their names.
UPDATE target
SET precisions = array_remove(array_remove(precisions, 'fp16'), 'bf16');
