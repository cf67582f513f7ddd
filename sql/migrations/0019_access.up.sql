-- 0019: tokens say who may do what, things have owners, and what was changed by whom is written down.
--
-- Deploy: adds tables and columns; what is there belongs to nobody ('').

-- The text of a token is nowhere: only its SHA-256, and it is random enough for that.
CREATE TABLE token (
  id          bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text         NOT NULL CHECK (name <> ''),
  owner       text         NOT NULL CHECK (owner <> ''),
  sha256      sha256       NOT NULL UNIQUE,
  scopes      text[]       NOT NULL CHECK (cardinality(scopes) > 0),
  created_at  timestamptz  NOT NULL,
  expires_at  timestamptz,
  revoked_at  timestamptz,
  used_at     timestamptz
);
CREATE UNIQUE INDEX token_name_while_valid ON token (name) WHERE revoked_at IS NULL;

-- Requests that changed something, and those that were refused for who asked.
CREATE TABLE audit (
  id        bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz  NOT NULL,
  token_id  bigint       REFERENCES token (id),  -- null: none was shown, or one that is not known
  owner     text         NOT NULL,
  method    text         NOT NULL,
  path      text         NOT NULL,
  status    int          NOT NULL,
  times     int          NOT NULL DEFAULT 1  -- the same refusal several times in a row
);

ALTER TABLE model ADD COLUMN owner text NOT NULL DEFAULT '';
ALTER TABLE dataset ADD COLUMN owner text NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN owner text NOT NULL DEFAULT '';
