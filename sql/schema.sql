-- What sql/migrations make.  Written and checked by tests/coordinator/store_pg.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
CREATE TYPE public.attempt_end AS ENUM (
    'reported',
    'lost',
    'cancelled',
    'given_back'
);
CREATE TYPE public.comparison_state AS ENUM (
    'queued',
    'running',
    'succeeded',
    'failed'
);
CREATE TYPE public.entry_state AS ENUM (
    'inspecting',
    'ready',
    'rejected'
);
CREATE TYPE public.job_state AS ENUM (
    'queued',
    'preparing',
    'searching',
    'paused',
    'finishing',
    'succeeded',
    'failed',
    'cancelled'
);
CREATE TYPE public.search_step AS ENUM (
    'ask',
    'tell'
);
CREATE DOMAIN public.sha256 AS text
	CONSTRAINT sha256_check CHECK ((VALUE ~ '^[0-9a-f]{64}$'::text));
CREATE TYPE public.task_state AS ENUM (
    'queued',
    'leased',
    'succeeded',
    'failed',
    'cancelled'
);
CREATE TYPE public.trial_origin AS ENUM (
    'seed',
    'search',
    'tuned'
);
CREATE TYPE public.trial_state AS ENUM (
    'running',
    'finished',
    'failed'
);
CREATE FUNCTION public.announce_task() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM pg_notify('pare_task_queued', '');
  RETURN NULL;
END $$;
CREATE FUNCTION public.begin_progress() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO job_progress (job_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE FUNCTION public.count_added_trials() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE job_progress p
     SET asked = p.asked + a.asked, finished = p.finished + a.finished, failed = p.failed + a.failed
    FROM (SELECT job_id, count(*) AS asked, count(*) FILTER (WHERE state = 'finished') AS finished,
                 count(*) FILTER (WHERE state = 'failed') AS failed
            FROM added GROUP BY job_id) a
   WHERE p.job_id = a.job_id;
  RETURN NULL;
END $$;
CREATE FUNCTION public.count_moved_trials() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE job_progress p
     SET finished = p.finished + m.finished, failed = p.failed + m.failed
    FROM (SELECT job_id, sum(finished) AS finished, sum(failed) AS failed
            FROM (SELECT job_id, (state = 'finished')::int AS finished, (state = 'failed')::int AS failed
                    FROM moved
                  UNION ALL
                  SELECT job_id, -(state = 'finished')::int, -(state = 'failed')::int FROM before) each
           GROUP BY job_id
          HAVING sum(finished) <> 0 OR sum(failed) <> 0) m
   WHERE p.job_id = m.job_id;
  RETURN NULL;
END $$;
CREATE FUNCTION public.is_final(s public.job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (s = ANY (ARRAY['succeeded'::public.job_state, 'failed'::public.job_state, 'cancelled'::public.job_state]));
CREATE FUNCTION public.micros(t timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN ((EXTRACT(epoch FROM t) * (1000000)::numeric))::bigint;
CREATE FUNCTION public.next_revision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE job_progress SET revision = revision + 1 WHERE job_id = NEW.job_id
    RETURNING revision INTO STRICT NEW.revision;
  RETURN NEW;
END $$;
CREATE FUNCTION public.note_old_checkpoint() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO old_checkpoint (sha256, replaced_at) VALUES (OLD.checkpoint, clock_timestamp())
  ON CONFLICT (sha256) DO UPDATE SET replaced_at = EXCLUDED.replaced_at;
  RETURN NULL;
END $$;
CREATE FUNCTION public.time_or_now(us bigint) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    RETURN COALESCE(('1970-01-01 00:00:00+00'::timestamp with time zone + ((us)::double precision * '00:00:00.000001'::interval)), now());
CREATE FUNCTION public.wait_before(nth integer) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  SELECT least(60, 2 * 2 ^ least(greatest(nth - 1, 0), 5)) * interval '1 second'
$$;
CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    token_id bigint,
    owner text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    status integer NOT NULL,
    times integer DEFAULT 1 NOT NULL
);
ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.blob (
    sha256 public.sha256 NOT NULL,
    bytes bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT blob_bytes_check CHECK ((bytes >= 0))
);
CREATE TABLE public.canary_reading (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    target text NOT NULL,
    device_id text NOT NULL,
    reading_ms double precision NOT NULL,
    CONSTRAINT canary_reading_reading_ms_check CHECK ((reading_ms > (0)::double precision))
);
ALTER TABLE public.canary_reading ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.canary_reading_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.comparison (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    target text NOT NULL,
    plan_a_sha256 public.sha256 NOT NULL,
    plan_b_sha256 public.sha256 NOT NULL,
    document json NOT NULL,
    state public.comparison_state DEFAULT 'queued'::public.comparison_state NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    result json,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT comparison_final_has_end CHECK (((state = ANY (ARRAY['succeeded'::public.comparison_state, 'failed'::public.comparison_state])) = (finished_at IS NOT NULL)))
);
ALTER TABLE public.comparison ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.comparison_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.dataset (
    id bigint NOT NULL,
    name text NOT NULL,
    sha256 public.sha256 NOT NULL,
    state public.entry_state DEFAULT 'inspecting'::public.entry_state NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    calibration_images integer NOT NULL,
    validation_images integer NOT NULL,
    boxes integer NOT NULL,
    labelled boolean NOT NULL,
    classes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    class_boxes bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    notes text[] DEFAULT '{}'::text[] NOT NULL,
    owner text DEFAULT ''::text NOT NULL,
    CONSTRAINT dataset_counts CHECK (((calibration_images >= 0) AND (validation_images >= 0) AND (boxes >= 0))),
    CONSTRAINT dataset_rejected_has_reason CHECK (((state = 'rejected'::public.entry_state) = (reason <> ''::text)))
);
ALTER TABLE public.dataset ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dataset_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.device (
    id text NOT NULL,
    probe json,
    last_seen timestamp with time zone NOT NULL,
    processor text GENERATED ALWAYS AS (COALESCE((probe ->> 'processor'::text), (probe ->> 'cpu_model'::text))) STORED
);
CREATE TABLE public.enrolment (
    code_sha256 public.sha256 NOT NULL,
    name text NOT NULL,
    made_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT enrolment_name_check CHECK ((name <> ''::text))
);
CREATE TABLE public.event (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    job_id bigint,
    body json NOT NULL
);
ALTER TABLE public.event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.idempotency_key (
    route text NOT NULL,
    key text NOT NULL,
    request_sha256 text NOT NULL,
    made_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.job (
    id bigint NOT NULL,
    document json NOT NULL,
    model_sha256 public.sha256 NOT NULL,
    dataset_sha256 public.sha256 NOT NULL,
    seed numeric(20,0) NOT NULL,
    state public.job_state DEFAULT 'queued'::public.job_state NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    statistics_sha256 public.sha256,
    prepared json,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    searching_at timestamp with time zone,
    finished_at timestamp with time zone,
    card_version integer DEFAULT 1 NOT NULL,
    warnings text[] DEFAULT '{}'::text[] NOT NULL,
    supernet_sha256 public.sha256,
    tuning json,
    owner text DEFAULT ''::text NOT NULL,
    preprocessing json,
    priority smallint DEFAULT 0 NOT NULL,
    CONSTRAINT job_final_has_end CHECK ((public.is_final(state) = (finished_at IS NOT NULL))),
    CONSTRAINT job_priority_check CHECK (((priority >= '-100'::integer) AND (priority <= 100))),
    CONSTRAINT job_searching_is_prepared CHECK (((state <> ALL (ARRAY['searching'::public.job_state, 'paused'::public.job_state, 'finishing'::public.job_state])) OR (searching_at IS NOT NULL))),
    CONSTRAINT job_seed_check CHECK ((seed >= (0)::numeric))
);
CREATE TABLE public.job_check (
    job_id bigint NOT NULL,
    target text NOT NULL,
    processor text NOT NULL,
    runtime_version text NOT NULL,
    int8 boolean NOT NULL,
    result json,
    reason text DEFAULT ''::text NOT NULL,
    measured_by bigint NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    CONSTRAINT check_result_or_reason CHECK (((result IS NULL) = (reason <> ''::text)))
);
CREATE TABLE public.job_contenders (
    job_id bigint NOT NULL,
    numbers integer[] NOT NULL,
    revision bigint NOT NULL,
    rule integer NOT NULL
);
ALTER TABLE public.job ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.job_progress (
    job_id bigint NOT NULL,
    asked integer DEFAULT 0 NOT NULL,
    finished integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    device_seconds double precision DEFAULT 0 NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    searched_seconds double precision DEFAULT 0 NOT NULL,
    CONSTRAINT job_progress_searched_seconds_check CHECK ((searched_seconds >= (0)::double precision)),
    CONSTRAINT progress_counts CHECK (((finished >= 0) AND (failed >= 0) AND ((finished + failed) <= asked)))
)
WITH (fillfactor='50');
CREATE TABLE public.job_target (
    job_id bigint NOT NULL,
    target text NOT NULL,
    ordinal integer NOT NULL
);
CREATE TABLE public.leader (
    one boolean DEFAULT true NOT NULL,
    term bigint NOT NULL,
    holder text NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT leader_holder_check CHECK ((holder <> ''::text)),
    CONSTRAINT leader_one_check CHECK (one),
    CONSTRAINT leader_term_check CHECK ((term > 0))
);
CREATE TABLE public.model (
    id bigint NOT NULL,
    name text NOT NULL,
    sha256 public.sha256 NOT NULL,
    state public.entry_state DEFAULT 'inspecting'::public.entry_state NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    card json,
    summary json,
    created_at timestamp with time zone NOT NULL,
    card_version integer DEFAULT 1 NOT NULL,
    owner text DEFAULT ''::text NOT NULL,
    CONSTRAINT model_card_version_check1 CHECK ((card_version > 0)),
    CONSTRAINT model_ready_has_summary CHECK (((state = 'ready'::public.entry_state) = (summary IS NOT NULL))),
    CONSTRAINT model_rejected_has_reason CHECK (((state = 'rejected'::public.entry_state) = (reason <> ''::text)))
);
CREATE TABLE public.model_card (
    sha256 public.sha256 NOT NULL,
    version integer NOT NULL,
    card json,
    summary json NOT NULL,
    CONSTRAINT model_card_version_check CHECK ((version > 0))
);
ALTER TABLE public.model ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.old_checkpoint (
    sha256 public.sha256 NOT NULL,
    replaced_at timestamp with time zone NOT NULL
);
CREATE TABLE public.schema_version (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.search_log (
    job_id bigint NOT NULL,
    seq integer NOT NULL,
    step public.search_step NOT NULL,
    payload json NOT NULL,
    CONSTRAINT search_log_seq_check CHECK ((seq > 0))
);
CREATE TABLE public.share (
    owner text NOT NULL,
    spent double precision NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT share_spent_check CHECK ((spent >= (0)::double precision))
);
CREATE TABLE public.supernet (
    id bigint NOT NULL,
    sha256 public.sha256 NOT NULL,
    bytes bigint NOT NULL,
    job_id bigint,
    model_sha256 public.sha256 NOT NULL,
    card_version integer NOT NULL,
    dataset_sha256 public.sha256,
    statistics_sha256 public.sha256 NOT NULL,
    training json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    plan_sha256 public.sha256,
    CONSTRAINT supernet_bytes_check CHECK ((bytes >= 0))
);
ALTER TABLE public.supernet ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.supernet_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.target (
    name text NOT NULL,
    runtime text NOT NULL,
    pool text NOT NULL,
    threads integer NOT NULL,
    precisions text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT target_threads_check CHECK ((threads > 0))
);
CREATE TABLE public.task (
    id bigint NOT NULL,
    kind text NOT NULL,
    model_sha256 public.sha256,
    dataset_sha256 public.sha256,
    job_id bigint,
    trial integer,
    comparison_id bigint,
    target text DEFAULT ''::text NOT NULL,
    pool text,
    runtime text,
    document json NOT NULL,
    time_limit_ms double precision NOT NULL,
    state public.task_state DEFAULT 'queued'::public.task_state NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 3 NOT NULL,
    leased_by uuid,
    device_id text,
    leased_at timestamp with time zone,
    lease_until timestamp with time zone,
    progress double precision DEFAULT 0 NOT NULL,
    message text DEFAULT ''::text NOT NULL,
    outcome json,
    reason text DEFAULT ''::text NOT NULL,
    handled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    exclusive boolean NOT NULL,
    processor text,
    set_aside text,
    burnt smallint DEFAULT 0 NOT NULL,
    waits integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone,
    waiting_reason text,
    preemptible boolean DEFAULT false NOT NULL,
    grace_ms double precision DEFAULT 0 NOT NULL,
    checkpoint public.sha256,
    checkpoint_bytes bigint,
    checkpoint_step bigint,
    checkpoint_attempt integer,
    suspension integer DEFAULT 0 NOT NULL,
    suspended boolean DEFAULT false NOT NULL,
    stands_since timestamp with time zone,
    stood_ms double precision DEFAULT 0 NOT NULL,
    capability text,
    CONSTRAINT task_attempt_counts CHECK (((attempt >= 0) AND (waits >= 0))),
    CONSTRAINT task_burnt_in_range CHECK (((burnt >= 0) AND (burnt <= max_attempts))),
    CONSTRAINT task_capability_has_name CHECK ((capability <> ''::text)),
    CONSTRAINT task_checkpoint_is_whole CHECK ((num_nulls(checkpoint, checkpoint_bytes, checkpoint_step, checkpoint_attempt) = ANY (ARRAY[0, 4]))),
    CONSTRAINT task_final_has_end CHECK (((state = ANY (ARRAY['succeeded'::public.task_state, 'failed'::public.task_state, 'cancelled'::public.task_state])) = (finished_at IS NOT NULL))),
    CONSTRAINT task_final_has_no_checkpoint CHECK (((checkpoint IS NULL) OR (state = ANY (ARRAY['queued'::public.task_state, 'leased'::public.task_state])))),
    CONSTRAINT task_grace_in_range CHECK ((grace_ms >= (0)::double precision)),
    CONSTRAINT task_holder_has_device CHECK (((leased_by IS NULL) = (device_id IS NULL))),
    CONSTRAINT task_holder_has_expiry CHECK (((leased_by IS NULL) = (lease_until IS NULL))),
    CONSTRAINT task_kind_has_name CHECK ((kind <> ''::text)),
    CONSTRAINT task_leased_has_holder CHECK (((state = 'leased'::public.task_state) = (leased_by IS NOT NULL))),
    CONSTRAINT task_progress_check CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT task_set_aside_check CHECK ((set_aside <> ''::text)),
    CONSTRAINT task_steps_aside_or_alone CHECK ((NOT (exclusive AND preemptible))),
    CONSTRAINT task_success_has_outcome CHECK (((state <> 'succeeded'::public.task_state) OR (outcome IS NOT NULL))),
    CONSTRAINT task_suspended_while_leased CHECK (((NOT suspended) OR ((state = 'leased'::public.task_state) AND preemptible AND ((suspension % 2) = 1)))),
    CONSTRAINT task_time_limit_ms_check CHECK ((time_limit_ms > (0)::double precision)),
    CONSTRAINT task_trial_has_job CHECK (((trial IS NULL) OR (job_id IS NOT NULL))),
    CONSTRAINT task_waiting_reason_check CHECK ((waiting_reason <> ''::text)),
    CONSTRAINT task_waits_in_queue CHECK (((not_before IS NULL) OR (state = 'queued'::public.task_state))),
    CONSTRAINT task_waits_with_reason CHECK (((not_before IS NULL) = (waiting_reason IS NULL)))
)
WITH (fillfactor='80');
CREATE TABLE public.task_attempt (
    task_id bigint NOT NULL,
    attempt integer NOT NULL,
    session uuid NOT NULL,
    device_id text NOT NULL,
    leased_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ending public.attempt_end,
    CONSTRAINT attempt_end_has_reason CHECK (((ended_at IS NULL) = (ending IS NULL))),
    CONSTRAINT task_attempt_attempt_check CHECK ((attempt > 0))
);
ALTER TABLE public.task ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.task_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.task_point (
    task_id bigint NOT NULL,
    attempt integer NOT NULL,
    step bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    numbers json NOT NULL,
    CONSTRAINT task_point_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT task_point_step_check CHECK ((step >= 0))
);
CREATE TABLE public.token (
    id bigint NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    sha256 public.sha256 NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT token_name_check CHECK ((name <> ''::text)),
    CONSTRAINT token_owner_check CHECK ((owner <> ''::text)),
    CONSTRAINT token_scopes_check CHECK ((cardinality(scopes) > 0))
);
ALTER TABLE public.token ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.trial (
    job_id bigint NOT NULL,
    number integer NOT NULL,
    plan_sha256 public.sha256 NOT NULL,
    plan text NOT NULL,
    origin public.trial_origin NOT NULL,
    genome integer[] NOT NULL,
    state public.trial_state DEFAULT 'running'::public.trial_state NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    candidate_sha256 public.sha256,
    bytes bigint,
    macs bigint,
    build json,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT trial_built_whole CHECK ((num_nulls(candidate_sha256, bytes, macs) = ANY (ARRAY[0, 3]))),
    CONSTRAINT trial_final_has_end CHECK (((state = 'running'::public.trial_state) = (finished_at IS NULL))),
    CONSTRAINT trial_number_check CHECK ((number > 0))
);
CREATE TABLE public.trial_outcome (
    job_id bigint NOT NULL,
    number integer NOT NULL,
    target text NOT NULL,
    accuracy_runtime text,
    detections_sha256 public.sha256,
    accuracy json,
    samples_ms double precision[],
    latency json,
    infeasible text,
    suspect text,
    figures jsonb,
    confirmed_samples_ms double precision[],
    confirmed_suspect text,
    confirmed_latency json,
    accuracy_identity json,
    accuracy_alarm text,
    revision bigint DEFAULT 0 NOT NULL,
    median_ms double precision GENERATED ALWAYS AS (((latency ->> 'median_ms'::text))::double precision) STORED,
    confirmed_median_ms double precision GENERATED ALWAYS AS (((confirmed_latency ->> 'median_ms'::text))::double precision) STORED,
    map_50_95 double precision GENERATED ALWAYS AS (((accuracy ->> 'map_50_95'::text))::double precision) STORED,
    CONSTRAINT outcome_accuracy_whole CHECK ((num_nulls(accuracy, map_50_95, accuracy_runtime) = ANY (ARRAY[0, 3]))),
    CONSTRAINT outcome_confirmed_after_measured CHECK (((confirmed_latency IS NULL) OR (latency IS NOT NULL))),
    CONSTRAINT outcome_confirmed_whole CHECK ((num_nulls(confirmed_latency, confirmed_median_ms) = ANY (ARRAY[0, 2]))),
    CONSTRAINT outcome_latency_whole CHECK ((num_nulls(latency, median_ms) = ANY (ARRAY[0, 2]))),
    CONSTRAINT outcome_not_both CHECK (((infeasible IS NULL) OR (latency IS NULL) OR (accuracy IS NULL))),
    CONSTRAINT trial_outcome_accuracy_alarm_check CHECK ((accuracy_alarm <> ''::text)),
    CONSTRAINT trial_outcome_confirmed_suspect_check CHECK ((confirmed_suspect <> ''::text)),
    CONSTRAINT trial_outcome_figures_check CHECK ((jsonb_typeof(figures) = 'object'::text)),
    CONSTRAINT trial_outcome_infeasible_check CHECK ((infeasible <> ''::text)),
    CONSTRAINT trial_outcome_suspect_check CHECK ((suspect <> ''::text))
);
CREATE TABLE public.worker (
    session uuid NOT NULL,
    name text NOT NULL,
    device_id text NOT NULL,
    pools text[] NOT NULL,
    runtimes json NOT NULL,
    runtime_names text[] NOT NULL,
    lost boolean DEFAULT false NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.worker_key (
    public_key text NOT NULL,
    token_id bigint NOT NULL,
    CONSTRAINT worker_key_public_key_check CHECK ((length(public_key) = 40))
);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.blob
    ADD CONSTRAINT blob_pkey PRIMARY KEY (sha256);
ALTER TABLE ONLY public.canary_reading
    ADD CONSTRAINT canary_reading_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.comparison
    ADD CONSTRAINT comparison_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT dataset_name_key UNIQUE (name);
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT dataset_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT dataset_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_pkey PRIMARY KEY (code_sha256);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (route, key);
ALTER TABLE ONLY public.job_check
    ADD CONSTRAINT job_check_pkey PRIMARY KEY (job_id, target);
ALTER TABLE ONLY public.job_contenders
    ADD CONSTRAINT job_contenders_pkey PRIMARY KEY (job_id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.job_progress
    ADD CONSTRAINT job_progress_pkey PRIMARY KEY (job_id);
ALTER TABLE ONLY public.job_target
    ADD CONSTRAINT job_target_pkey PRIMARY KEY (job_id, target);
ALTER TABLE ONLY public.leader
    ADD CONSTRAINT leader_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.model_card
    ADD CONSTRAINT model_card_pkey PRIMARY KEY (sha256, version);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT model_name_key UNIQUE (name);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT model_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY public.old_checkpoint
    ADD CONSTRAINT old_checkpoint_pkey PRIMARY KEY (sha256);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.search_log
    ADD CONSTRAINT search_log_pkey PRIMARY KEY (job_id, seq);
ALTER TABLE ONLY public.share
    ADD CONSTRAINT share_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY public.supernet
    ADD CONSTRAINT supernet_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.supernet
    ADD CONSTRAINT supernet_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY public.target
    ADD CONSTRAINT target_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.task_attempt
    ADD CONSTRAINT task_attempt_pkey PRIMARY KEY (task_id, attempt);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_exclusive_or_shared EXCLUDE USING gist (device_id WITH =, ((exclusive)::integer) WITH <>) WHERE (((state = 'leased'::public.task_state) AND (NOT suspended)));
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.task_point
    ADD CONSTRAINT task_point_pkey PRIMARY KEY (task_id, attempt, step);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY public.trial_outcome
    ADD CONSTRAINT trial_outcome_pkey PRIMARY KEY (job_id, number, target);
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT trial_pkey PRIMARY KEY (job_id, number);
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT trial_plan_once UNIQUE (job_id, plan_sha256);
ALTER TABLE ONLY public.worker_key
    ADD CONSTRAINT worker_key_pkey PRIMARY KEY (public_key);
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (session);
CREATE UNIQUE INDEX attempt_open ON public.task_attempt USING btree (task_id) WHERE (ended_at IS NULL);
CREATE INDEX canary_newest ON public.canary_reading USING btree (job_id, target, id);
CREATE INDEX job_active ON public.job USING btree (id) WHERE (NOT public.is_final(state));
CREATE INDEX job_check_recent ON public.job_check USING btree (measured_at) WHERE (result IS NOT NULL);
CREATE INDEX old_checkpoint_by_time ON public.old_checkpoint USING btree (replaced_at);
CREATE INDEX outcome_changed ON public.trial_outcome USING btree (job_id, revision);
CREATE INDEX supernet_of_model ON public.supernet USING btree (model_sha256);
CREATE INDEX task_expiring ON public.task USING btree (lease_until) WHERE (state = 'leased'::public.task_state);
CREATE INDEX task_of_comparison ON public.task USING btree (comparison_id) WHERE (comparison_id IS NOT NULL);
CREATE INDEX task_of_job ON public.task USING btree (job_id, trial);
CREATE UNIQUE INDEX task_one_exclusive ON public.task USING btree (device_id) WHERE ((state = 'leased'::public.task_state) AND exclusive);
CREATE INDEX task_that_waits ON public.task USING btree (job_id, id) WHERE (not_before IS NOT NULL);
CREATE INDEX task_unhandled ON public.task USING btree (finished_at, id) WHERE ((state = ANY (ARRAY['succeeded'::public.task_state, 'failed'::public.task_state])) AND (NOT handled) AND (set_aside IS NULL));
CREATE INDEX task_waiting ON public.task USING btree (exclusive, id) WHERE (state = 'queued'::public.task_state);
CREATE INDEX task_waiting_of_job ON public.task USING btree (job_id, exclusive, id) WHERE (state = 'queued'::public.task_state);
CREATE INDEX task_with_checkpoint ON public.task USING btree (checkpoint) WHERE (checkpoint IS NOT NULL);
CREATE UNIQUE INDEX token_name_while_valid ON public.token USING btree (name) WHERE (revoked_at IS NULL);
CREATE INDEX trial_candidate ON public.trial USING btree (candidate_sha256 text_pattern_ops);
CREATE INDEX trial_plan ON public.trial USING btree (plan_sha256 text_pattern_ops);
CREATE INDEX worker_on_device ON public.worker USING btree (device_id) WHERE (NOT lost);
CREATE TRIGGER checkpoint_replaced AFTER UPDATE OF checkpoint ON public.task FOR EACH ROW WHEN (((old.checkpoint IS NOT NULL) AND ((new.checkpoint)::text IS DISTINCT FROM (old.checkpoint)::text))) EXECUTE FUNCTION public.note_old_checkpoint();
CREATE TRIGGER job_has_progress AFTER INSERT ON public.job FOR EACH ROW EXECUTE FUNCTION public.begin_progress();
CREATE TRIGGER outcome_is_revised BEFORE INSERT OR UPDATE ON public.trial_outcome FOR EACH ROW EXECUTE FUNCTION public.next_revision();
CREATE TRIGGER task_queued AFTER INSERT ON public.task FOR EACH STATEMENT EXECUTE FUNCTION public.announce_task();
CREATE TRIGGER task_queued_again AFTER UPDATE OF state ON public.task FOR EACH ROW WHEN (((new.state = 'queued'::public.task_state) AND (old.state <> 'queued'::public.task_state))) EXECUTE FUNCTION public.announce_task();
CREATE TRIGGER trial_added AFTER INSERT ON public.trial REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.count_added_trials();
CREATE TRIGGER trial_moved AFTER UPDATE ON public.trial REFERENCING OLD TABLE AS before NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION public.count_moved_trials();
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.token(id);
ALTER TABLE ONLY public.canary_reading
    ADD CONSTRAINT canary_reading_job_id_target_fkey FOREIGN KEY (job_id, target) REFERENCES public.job_target(job_id, target) ON DELETE CASCADE;
ALTER TABLE ONLY public.comparison
    ADD CONSTRAINT comparison_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.comparison
    ADD CONSTRAINT comparison_target_fkey FOREIGN KEY (target) REFERENCES public.target(name);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_check
    ADD CONSTRAINT job_check_job_id_target_fkey FOREIGN KEY (job_id, target) REFERENCES public.job_target(job_id, target) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_check
    ADD CONSTRAINT job_check_measured_by_fkey FOREIGN KEY (measured_by) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_contenders
    ADD CONSTRAINT job_contenders_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_dataset_sha256_fkey FOREIGN KEY (dataset_sha256) REFERENCES public.dataset(sha256);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_model_sha256_fkey FOREIGN KEY (model_sha256) REFERENCES public.model(sha256);
ALTER TABLE ONLY public.job_progress
    ADD CONSTRAINT job_progress_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_target
    ADD CONSTRAINT job_target_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_target
    ADD CONSTRAINT job_target_target_fkey FOREIGN KEY (target) REFERENCES public.target(name);
ALTER TABLE ONLY public.model_card
    ADD CONSTRAINT model_card_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.model(sha256) ON DELETE CASCADE;
ALTER TABLE ONLY public.search_log
    ADD CONSTRAINT search_log_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.supernet
    ADD CONSTRAINT supernet_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.task_attempt
    ADD CONSTRAINT task_attempt_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.device(id);
ALTER TABLE ONLY public.task_attempt
    ADD CONSTRAINT task_attempt_session_fkey FOREIGN KEY (session) REFERENCES public.worker(session);
ALTER TABLE ONLY public.task_attempt
    ADD CONSTRAINT task_attempt_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.task(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_comparison_id_fkey FOREIGN KEY (comparison_id) REFERENCES public.comparison(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.device(id);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_job_id_trial_fkey FOREIGN KEY (job_id, trial) REFERENCES public.trial(job_id, number) ON DELETE CASCADE;
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_leased_by_fkey FOREIGN KEY (leased_by) REFERENCES public.worker(session);
ALTER TABLE ONLY public.task_point
    ADD CONSTRAINT task_point_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.task(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT trial_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.trial_outcome
    ADD CONSTRAINT trial_outcome_job_id_number_fkey FOREIGN KEY (job_id, number) REFERENCES public.trial(job_id, number) ON DELETE CASCADE;
ALTER TABLE ONLY public.trial_outcome
    ADD CONSTRAINT trial_outcome_job_id_target_fkey FOREIGN KEY (job_id, target) REFERENCES public.job_target(job_id, target) ON DELETE CASCADE;
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT worker_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.device(id);
ALTER TABLE ONLY public.worker_key
    ADD CONSTRAINT worker_key_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.token(id);
