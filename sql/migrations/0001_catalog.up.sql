-- 0001: what users bring: models, datasets, targets, and the blobs behind them.
--
-- Documents are `json`, not `jsonb`: they are served as they came, and jsonb refuses an escaped NUL
-- that a model's file may well name a layer with.
--
-- Deploy: adds only.

CREATE DOMAIN sha256 AS text CHECK (VALUE ~ '^[0-9a-f]{64}$');
CREATE TYPE entry_state AS ENUM ('inspecting', 'ready', 'rejected');

-- The clock is the database's, except where a test moves time by hand.
CREATE FUNCTION time_or_now(us bigint) RETURNS timestamptz LANGUAGE sql STABLE
  RETURN coalesce('epoch'::timestamptz + us * interval '1 microsecond', now());

CREATE FUNCTION micros(t timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN (extract(epoch FROM t) * 1000000)::bigint;

CREATE TABLE model (
  id          bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text         NOT NULL UNIQUE,
  sha256      sha256       NOT NULL UNIQUE,
  state       entry_state  NOT NULL DEFAULT 'inspecting',
  reason      text         NOT NULL DEFAULT '',
  card        json,
  summary     json,
  created_at  timestamptz  NOT NULL,

  CONSTRAINT model_ready_has_summary   CHECK ((state = 'ready') = (summary IS NOT NULL)),
  CONSTRAINT model_rejected_has_reason CHECK ((state = 'rejected') = (reason <> ''))
);

CREATE TABLE dataset (
  id                  bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name                text         NOT NULL UNIQUE,
  sha256              sha256       NOT NULL UNIQUE,
  state               entry_state  NOT NULL DEFAULT 'inspecting',
  reason              text         NOT NULL DEFAULT '',
  calibration_images  int          NOT NULL,
  validation_images   int          NOT NULL,
  boxes               int          NOT NULL,
  labelled            boolean      NOT NULL,
  classes             text[]       NOT NULL,
  created_at          timestamptz  NOT NULL,

  CONSTRAINT dataset_rejected_has_reason CHECK ((state = 'rejected') = (reason <> '')),
  CONSTRAINT dataset_counts CHECK (calibration_images >= 0 AND validation_images >= 0 AND boxes >= 0)
);

CREATE TABLE target (
  name        text         PRIMARY KEY,
  runtime     text         NOT NULL,
  pool        text         NOT NULL,
  threads     int          NOT NULL CHECK (threads > 0),
  precisions  text[]       NOT NULL,
  created_at  timestamptz  NOT NULL
);

-- Blobs that are stored whole; the bytes are files.
CREATE TABLE blob (
  sha256      sha256       PRIMARY KEY,
  bytes       bigint       NOT NULL CHECK (bytes >= 0),
  created_at  timestamptz  NOT NULL
);
