-- Targets that took all precisions that there were take those that came, too: whether a target's runtime computes in
-- them is what its reality check says, and a job allows what its document names.
UPDATE target
SET precisions = '{fp32,int8,fp16,bf16}'
WHERE precisions = '{fp32,int8}';
