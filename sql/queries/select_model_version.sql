-- A model with one version of its card.
--   $1 sha256   $2 version
SELECT id, name, sha256, state, reason, card, card_version, summary, owner, micros(created_at) AS created_at
  FROM model
 WHERE sha256 = $1 AND card_version = $2::int
 UNION ALL
SELECT model.id, model.name, model.sha256, 'ready', '', c.card, c.version, c.summary, model.owner,
       micros(model.created_at)
  FROM model_card c JOIN model USING (sha256)
 WHERE c.sha256 = $1 AND c.version = $2::int;
