-- 0020: workers are enrolled by a code that works once, and known by a key of their own from then on.
--
-- Deploy: adds tables.

CREATE TABLE enrolment (
  code_sha256  sha256       PRIMARY KEY,
  name         text         NOT NULL CHECK (name <> ''),  -- of the worker
  made_by      text         NOT NULL,
  created_at   timestamptz  NOT NULL,
  expires_at   timestamptz  NOT NULL,
  used_at      timestamptz
);

-- A key is valid as long as the token that was made with it.
CREATE TABLE worker_key (
  public_key  text    PRIMARY KEY CHECK (length(public_key) = 40),  -- CURVE's, in Z85
  token_id    bigint  NOT NULL REFERENCES token (id)
);
