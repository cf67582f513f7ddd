-- Keeps the card of a model for the jobs that use it; the model's next one is a new version.
-- REQUIRES: the model is ready.
--   $1 sha256
WITH kept AS (
  INSERT INTO model_card (sha256, version, card, summary)
  SELECT sha256, card_version, card, summary FROM model WHERE sha256 = $1)
UPDATE model SET card_version = card_version + 1 WHERE sha256 = $1;
