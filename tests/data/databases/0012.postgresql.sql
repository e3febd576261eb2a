CREATE FUNCTION public.refuse_to_change_consent() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT (NOT EXISTS (SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id
        WHERE subscription.id = OLD.subscription_id AND subscriber.erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM import_run WHERE id = OLD.import_id AND undone_at IS NOT NULL)) THEN RETURN OLD; END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)
            AND NEW.id::text IS NOT DISTINCT FROM OLD.id::text
            AND NEW.subscription_id::text IS NOT DISTINCT FROM OLD.subscription_id::text
            AND (NEW.list_slug::text IS NOT DISTINCT FROM OLD.list_slug::text OR strpos(NEW.list_slug::text, '[erased]') > 0)
            AND (NEW.article::text IS NOT DISTINCT FROM OLD.article::text OR strpos(NEW.article::text, '[erased]') > 0)
            AND (NEW.basis::text IS NOT DISTINCT FROM OLD.basis::text OR strpos(NEW.basis::text, '[erased]') > 0)
            AND (NEW.method::text IS NOT DISTINCT FROM OLD.method::text OR strpos(NEW.method::text, '[erased]') > 0)
            AND (NEW.text_version::text IS NOT DISTINCT FROM OLD.text_version::text OR strpos(NEW.text_version::text, '[erased]') > 0)
            AND NEW.recorded_at::text IS NOT DISTINCT FROM OLD.recorded_at::text
            AND NEW.confirmed_at::text IS NOT DISTINCT FROM OLD.confirmed_at::text
            AND (NEW.source::text IS NOT DISTINCT FROM OLD.source::text OR strpos(NEW.source::text, '[erased]') > 0)
            AND NEW.source_line::text IS NOT DISTINCT FROM OLD.source_line::text
            AND NEW.import_id::text IS NOT DISTINCT FROM OLD.import_id::text THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION 'the history is never changed';
        END $$;
CREATE FUNCTION public.refuse_to_change_decision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT (TRUE) THEN RETURN OLD; END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)
            AND NEW.id::text IS NOT DISTINCT FROM OLD.id::text
            AND NEW.at::text IS NOT DISTINCT FROM OLD.at::text
            AND (NEW.actor::text IS NOT DISTINCT FROM OLD.actor::text OR strpos(NEW.actor::text, '[erased]') > 0)
            AND (NEW.action::text IS NOT DISTINCT FROM OLD.action::text OR strpos(NEW.action::text, '[erased]') > 0)
            AND (NEW.slug::text IS NOT DISTINCT FROM OLD.slug::text OR strpos(NEW.slug::text, '[erased]') > 0)
            AND NEW.mailing_id::text IS NOT DISTINCT FROM OLD.mailing_id::text
            AND (NEW.detail::text IS NOT DISTINCT FROM OLD.detail::text OR strpos(NEW.detail::text, '[erased]') > 0) THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION 'the history is never changed';
        END $$;
CREATE FUNCTION public.refuse_to_change_subscriber_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT ((SELECT erased_at FROM subscriber WHERE id = OLD.subscriber_id) IS NULL) THEN RETURN OLD; END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)
            AND NEW.id::text IS NOT DISTINCT FROM OLD.id::text
            AND NEW.subscriber_id::text IS NOT DISTINCT FROM OLD.subscriber_id::text
            AND NEW.at::text IS NOT DISTINCT FROM OLD.at::text
            AND (NEW.actor::text IS NOT DISTINCT FROM OLD.actor::text OR strpos(NEW.actor::text, '[erased]') > 0)
            AND (NEW.action::text IS NOT DISTINCT FROM OLD.action::text OR strpos(NEW.action::text, '[erased]') > 0)
            AND NEW.list_id::text IS NOT DISTINCT FROM OLD.list_id::text
            AND NEW.import_id::text IS NOT DISTINCT FROM OLD.import_id::text
            AND (NEW.detail::text IS NOT DISTINCT FROM OLD.detail::text OR strpos(NEW.detail::text, '[erased]') > 0) THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION 'the history is never changed';
        END $$;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.attempt (
    id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    run_id bigint,
    at timestamp with time zone NOT NULL,
    outcome character varying(16) NOT NULL,
    reply text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE public.attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.attempt_id_seq OWNED BY public.attempt.id;
CREATE TABLE public.consent (
    id bigint NOT NULL,
    subscription_id bigint NOT NULL,
    list_slug character varying(64) NOT NULL,
    article character varying(1) DEFAULT ''::character varying NOT NULL,
    basis text NOT NULL,
    method character varying(16) NOT NULL,
    text_version character varying(32) DEFAULT ''::character varying NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    source text DEFAULT ''::text NOT NULL,
    source_line integer,
    import_id bigint
);
CREATE SEQUENCE public.consent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.consent_id_seq OWNED BY public.consent.id;
CREATE TABLE public.decision (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action character varying(32) NOT NULL,
    slug character varying(64),
    mailing_id bigint,
    detail json NOT NULL
);
CREATE SEQUENCE public.decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.decision_id_seq OWNED BY public.decision.id;
CREATE TABLE public.delivery (
    id bigint NOT NULL,
    mailing_id bigint NOT NULL,
    subscriber_id bigint,
    variant_id bigint,
    address character varying(320) NOT NULL,
    recipient character varying(320) NOT NULL,
    lists text NOT NULL,
    status character varying(16) NOT NULL,
    skip_reason character varying(16),
    run_id bigint,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    deferred_since timestamp with time zone,
    reply text DEFAULT ''::text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_delivery_skipped_has_reason CHECK ((((status)::text = 'skipped'::text) = (skip_reason IS NOT NULL)))
);
CREATE SEQUENCE public.delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.delivery_id_seq OWNED BY public.delivery.id;
CREATE TABLE public.edition (
    id bigint NOT NULL,
    slug character varying(64) NOT NULL,
    content_hash character varying(64) NOT NULL,
    title text NOT NULL,
    lang character varying(2) NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    edition_hash character varying(80)
);
CREATE TABLE public.edition_form (
    id bigint NOT NULL,
    edition_id bigint NOT NULL,
    form character varying(8) NOT NULL,
    content bytea NOT NULL
);
CREATE SEQUENCE public.edition_form_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.edition_form_id_seq OWNED BY public.edition_form.id;
CREATE SEQUENCE public.edition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.edition_id_seq OWNED BY public.edition.id;
CREATE TABLE public.import_held (
    id bigint NOT NULL,
    import_id bigint NOT NULL,
    list_id bigint NOT NULL,
    source text NOT NULL,
    number integer NOT NULL,
    lines bytea NOT NULL
);
CREATE SEQUENCE public.import_held_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.import_held_id_seq OWNED BY public.import_held.id;
CREATE TABLE public.import_run (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    files json NOT NULL,
    counts json NOT NULL,
    undone_at timestamp with time zone,
    undone_by text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE public.import_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.import_run_id_seq OWNED BY public.import_run.id;
CREATE TABLE public.leave_asked (
    id bigint NOT NULL,
    subscriber_id bigint NOT NULL,
    list_id bigint,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL
);
CREATE SEQUENCE public.leave_asked_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.leave_asked_id_seq OWNED BY public.leave_asked.id;
CREATE TABLE public.list (
    id bigint NOT NULL,
    slug character varying(64) NOT NULL,
    kind character varying(16) NOT NULL,
    "position" integer NOT NULL,
    name_nb text NOT NULL,
    name_nn text NOT NULL,
    short text NOT NULL,
    region character varying(16) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    merged_into_id bigint
);
CREATE SEQUENCE public.list_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.list_id_seq OWNED BY public.list.id;
CREATE TABLE public.mailing (
    id bigint NOT NULL,
    slug character varying(64) NOT NULL,
    state character varying(16) NOT NULL,
    content_hash character varying(64) NOT NULL,
    snapshot_hash character varying(64) DEFAULT ''::character varying NOT NULL,
    lists json NOT NULL,
    subject text NOT NULL,
    in_doubt_policy character varying(8) NOT NULL,
    untested integer DEFAULT 0 NOT NULL,
    ignored_findings integer DEFAULT 0 NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    actor text DEFAULT ''::text NOT NULL,
    edition_hash character varying(80),
    place character varying(80),
    key_id character varying(32),
    kind character varying(16) DEFAULT 'issue'::character varying NOT NULL,
    of_id bigint,
    reason text DEFAULT ''::text NOT NULL,
    start_at timestamp with time zone,
    zone character varying(64),
    start_local character varying(16)
);
CREATE SEQUENCE public.mailing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.mailing_id_seq OWNED BY public.mailing.id;
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    way character varying(16) NOT NULL,
    key character varying(160) NOT NULL,
    event character varying(16) NOT NULL,
    slug character varying(64) NOT NULL,
    mailing_id bigint,
    detail json NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    state character varying(16) NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    reply text DEFAULT ''::text NOT NULL,
    sent_at timestamp with time zone
);
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.rate_limit (
    name character varying(64) NOT NULL,
    next_at timestamp with time zone NOT NULL
);
CREATE TABLE public.run (
    id bigint NOT NULL,
    mailing_id bigint NOT NULL,
    token character varying(32) NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    marks integer DEFAULT 0 NOT NULL
);
CREATE SEQUENCE public.run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.run_id_seq OWNED BY public.run.id;
CREATE TABLE public.subscriber (
    id bigint NOT NULL,
    address character varying(320) NOT NULL COLLATE pg_catalog."C",
    address_as_given character varying(320) NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    name_folded character varying DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    domain character varying(255) NOT NULL COLLATE pg_catalog."C",
    organisation text DEFAULT ''::text NOT NULL,
    role character varying(64) DEFAULT ''::character varying NOT NULL,
    lang character varying(2) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    import_id bigint,
    erased_at timestamp with time zone
);
CREATE TABLE public.subscriber_event (
    id bigint NOT NULL,
    subscriber_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action character varying(32) NOT NULL,
    list_id bigint,
    import_id bigint,
    detail json NOT NULL
);
CREATE SEQUENCE public.subscriber_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.subscriber_event_id_seq OWNED BY public.subscriber_event.id;
CREATE SEQUENCE public.subscriber_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.subscriber_id_seq OWNED BY public.subscriber.id;
CREATE TABLE public.subscription (
    id bigint NOT NULL,
    subscriber_id bigint NOT NULL,
    list_id bigint NOT NULL,
    status character varying(16) NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.subscription_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.subscription_id_seq OWNED BY public.subscription.id;
CREATE TABLE public.suppression (
    id bigint NOT NULL,
    address_hash bytea NOT NULL,
    reason character varying(32) NOT NULL,
    scope character varying(64) DEFAULT 'all'::character varying NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    since timestamp with time zone NOT NULL,
    released_at timestamp with time zone,
    release_note text DEFAULT ''::text NOT NULL
);
CREATE SEQUENCE public.suppression_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.suppression_id_seq OWNED BY public.suppression.id;
CREATE TABLE public.test_send (
    id bigint NOT NULL,
    slug character varying(64) NOT NULL,
    content_hash character varying(64) NOT NULL,
    recipient character varying(320) NOT NULL,
    at timestamp with time zone NOT NULL,
    edition_hash character varying(80)
);
CREATE SEQUENCE public.test_send_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.test_send_id_seq OWNED BY public.test_send.id;
CREATE TABLE public.variant (
    id bigint NOT NULL,
    mailing_id bigint NOT NULL,
    key character varying(512) NOT NULL,
    compiled bytea NOT NULL
);
CREATE SEQUENCE public.variant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.variant_id_seq OWNED BY public.variant.id;
ALTER TABLE ONLY public.attempt ALTER COLUMN id SET DEFAULT nextval('public.attempt_id_seq'::regclass);
ALTER TABLE ONLY public.consent ALTER COLUMN id SET DEFAULT nextval('public.consent_id_seq'::regclass);
ALTER TABLE ONLY public.decision ALTER COLUMN id SET DEFAULT nextval('public.decision_id_seq'::regclass);
ALTER TABLE ONLY public.delivery ALTER COLUMN id SET DEFAULT nextval('public.delivery_id_seq'::regclass);
ALTER TABLE ONLY public.edition ALTER COLUMN id SET DEFAULT nextval('public.edition_id_seq'::regclass);
ALTER TABLE ONLY public.edition_form ALTER COLUMN id SET DEFAULT nextval('public.edition_form_id_seq'::regclass);
ALTER TABLE ONLY public.import_held ALTER COLUMN id SET DEFAULT nextval('public.import_held_id_seq'::regclass);
ALTER TABLE ONLY public.import_run ALTER COLUMN id SET DEFAULT nextval('public.import_run_id_seq'::regclass);
ALTER TABLE ONLY public.leave_asked ALTER COLUMN id SET DEFAULT nextval('public.leave_asked_id_seq'::regclass);
ALTER TABLE ONLY public.list ALTER COLUMN id SET DEFAULT nextval('public.list_id_seq'::regclass);
ALTER TABLE ONLY public.mailing ALTER COLUMN id SET DEFAULT nextval('public.mailing_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
ALTER TABLE ONLY public.subscriber ALTER COLUMN id SET DEFAULT nextval('public.subscriber_id_seq'::regclass);
ALTER TABLE ONLY public.subscriber_event ALTER COLUMN id SET DEFAULT nextval('public.subscriber_event_id_seq'::regclass);
ALTER TABLE ONLY public.subscription ALTER COLUMN id SET DEFAULT nextval('public.subscription_id_seq'::regclass);
ALTER TABLE ONLY public.suppression ALTER COLUMN id SET DEFAULT nextval('public.suppression_id_seq'::regclass);
ALTER TABLE ONLY public.test_send ALTER COLUMN id SET DEFAULT nextval('public.test_send_id_seq'::regclass);
ALTER TABLE ONLY public.variant ALTER COLUMN id SET DEFAULT nextval('public.variant_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0012');
INSERT INTO public.attempt VALUES (1, 3, 1, '2023-12-01 08:00:21+00', 'deferred', '451 4.3.0 later');
INSERT INTO public.attempt VALUES (2, 2, 1, '2023-12-01 08:00:21+00', 'in_doubt', 'no answer');
INSERT INTO public.consent VALUES (1, 1, 'oslo', 'e', 'e: sak 2023/1', 'admin', '', '2023-12-01 08:00:01+00', NULL, 'skjema', NULL, NULL);
INSERT INTO public.consent VALUES (2, 2, 'oslo', 'a', 'a: skjema', 'admin', '', '2023-12-01 08:00:03+00', NULL, '', NULL, NULL);
INSERT INTO public.consent VALUES (3, 3, 'bergen', 'a', 'a: skjema', 'admin', '', '2023-12-01 08:00:03+00', NULL, '', NULL, NULL);
INSERT INTO public.consent VALUES (4, 4, 'bergen', 'e', 'e: sak 2023/2', 'admin', '', '2023-12-01 08:00:05+00', NULL, '', NULL, NULL);
INSERT INTO public.consent VALUES (5, 2, 'oslo', 'e', 'e: sak 3', 'import', '', '2023-12-01 08:00:08+00', NULL, 'import.csv', 4, 1);
INSERT INTO public.consent VALUES (6, 7, 'oslo', 'e', 'e: sak 3', 'import', '', '2023-12-01 08:00:08+00', NULL, 'import.csv', 2, 1);
INSERT INTO public.consent VALUES (7, 8, 'agder', 'e', 'e: sak 3', 'import', '', '2023-12-01 08:00:08+00', NULL, 'import.csv', 3, 1);
INSERT INTO public.decision VALUES (1, '2023-12-02 08:00:01+00', 'kari', 'settings', NULL, NULL, '{"changed": [], "salt": "2c538c815a7925c9", "seen": {"smtp.host": "00b4bf819adfa2cd"}}');
INSERT INTO public.decision VALUES (2, '2023-12-02 08:00:01+00', 'kari', 'resumed', '2023-12', 1, '{}');
INSERT INTO public.decision VALUES (3, '2023-12-02 08:00:02+00', 'kari', 'paused', '2023-12', 1, '{}');
INSERT INTO public.decision VALUES (4, '2026-11-29 08:00:00+00', 'kari', 'test_sent', '2024-02', NULL, '{"number": 1}');
INSERT INTO public.delivery VALUES (4, 1, 4, 1, 'imp1@x.example', 'imp1@x.example', 'oslo', 'queued', NULL, NULL, 0, NULL, NULL, '', '2023-12-01 08:00:18+00');
INSERT INTO public.delivery VALUES (1, 1, 1, 1, 'ola.nordmann@kommune.example', 'Ola.Nordmann@Kommune.example', 'oslo', 'accepted', NULL, 1, 1, NULL, NULL, '250 2.0.0 ok', '2023-12-01 08:00:21+00');
INSERT INTO public.delivery VALUES (2, 1, 2, 1, 'ase@fylke.example', 'ase@fylke.example', 'bergen oslo', 'in_doubt', NULL, 1, 1, NULL, NULL, 'no answer', '2023-12-01 08:00:21+00');
INSERT INTO public.delivery VALUES (3, 1, 3, 1, 'ny@helse.example', 'ny@helse.example', 'bergen', 'deferred', NULL, NULL, 1, '2023-12-01 08:00:23+00', '2023-12-01 08:00:21+00', '451 4.3.0 later', '2023-12-01 08:00:21+00');
INSERT INTO public.edition VALUES (1, '2023-12', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'Nyhetsbrev', 'nb', '2023-12-01 08:00:20+00', NULL);
INSERT INTO public.edition VALUES (2, '2024-02', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'Februar', 'nb', '2026-11-29 08:00:00+00', '1:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO public.edition_form VALUES (1, 1, 'html', '\x3c703ec3a53c2f703e');
INSERT INTO public.edition_form VALUES (2, 1, 'txt', '\x74656b7374');
INSERT INTO public.edition_form VALUES (3, 2, 'html', '\x3c703e783c2f703e');
INSERT INTO public.import_held VALUES (1, 1, 12, 'import.csv', 1, '\x789c8b8e368cd5518836898d05000fa502da');
INSERT INTO public.import_run VALUES (1, '2023-12-01 08:00:08+00', 'kari', '["import.csv"]', '{"new": 2, "changed": 1, "unchanged": 0, "invalid": 0}', NULL, '');
INSERT INTO public.import_run VALUES (2, '2023-12-01 08:00:10+00', 'kari', '["wrong.csv"]', '{"new": 1, "unchanged": 0, "invalid": 0}', '2023-12-01 08:00:11+00', 'kari');
INSERT INTO public.leave_asked VALUES (1, 1, 1, '2026-11-29 11:00:00+00', 'the person, by one click');
INSERT INTO public.leave_asked VALUES (2, 2, NULL, '2026-11-29 11:00:00+00', 'the person, on the leave page');
INSERT INTO public.list VALUES (9, 'bergen', 'helsefellesskap', 8, 'Helsefellesskapet i Bergensområdet', 'Helsefellesskapet i Bergensområdet', 'Bergensområdet', 'vest', '2023-12-01 08:00:00+00', NULL);
INSERT INTO public.list VALUES (12, 'agder', 'helsefellesskap', 11, 'Helsefellesskapet Agder', 'Helsefellesskapet Agder', 'Agder', 'sor-ost', '2023-12-01 08:00:00+00', NULL);
INSERT INTO public.list VALUES (18, 'oslo', 'helsefellesskap', 17, 'Helsefellesskap Oslo', 'Helsefellesskap Oslo', 'Oslo', 'sor-ost', '2023-12-01 08:00:00+00', NULL);
INSERT INTO public.mailing VALUES (1, '2023-12', 'paused', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', '5284cb08ad14dda28537669a3dbdce7623fe393f9479d7839d9c166013da1b40', '["oslo", "bergen"]', 'Nyhetsbrev', 'hold', 1, 1, 'the server is away', '2023-12-01 08:00:18+00', '2023-12-01 08:00:21+00', NULL, '', NULL, '0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210', 'issue', NULL, '', NULL, NULL, NULL);
INSERT INTO public.outbox VALUES (1, 'mail', 'mail 1 paused 2023-12-01T08:00:12.031402+00:00', 'paused', '2023-12', 1, '{"counts": {"audience": 4, "skipped": 0, "queued": 0, "claimed": 0, "in_flight": 0, "accepted": 1, "deferred": 1, "rejected": 1, "expired": 0, "cancelled": 0, "in_doubt": 1}, "by_itself": false}', '', '2023-12-01 08:00:12.031402+00', '2023-12-01 08:00:12.031402+00', 'sent', 1, '250 2.0.0 taken', '2023-12-01 08:00:12.031402+00');
INSERT INTO public.outbox VALUES (2, 'webhook', 'webhook 1 paused 2023-12-01T08:00:12.031402+00:00', 'paused', '2023-12', 1, '{"counts": {"audience": 4, "skipped": 0, "queued": 0, "claimed": 0, "in_flight": 0, "accepted": 1, "deferred": 1, "rejected": 1, "expired": 0, "cancelled": 0, "in_doubt": 1}, "by_itself": false}', '', '2023-12-01 08:00:12.031402+00', '2023-12-01 08:00:12.031402+00', 'waiting', 0, '', NULL);
INSERT INTO public.rate_limit VALUES ('smtp', '2023-12-01 08:00:21+00');
INSERT INTO public.run VALUES (1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'desk', 4711, '2023-12-01 08:00:21+00', '2023-12-01 08:00:21+00', '2023-12-01 08:00:22+00', 3);
INSERT INTO public.subscriber VALUES (1, 'ola.nordmann@kommune.example', 'Ola.Nordmann@Kommune.example', 'Ola Nordmann', 'ola nordmann', 'kommune.example', 'Kommunen', 'kommune', 'nb', '2023-12-01 08:00:02+00', 'skjema', NULL, NULL);
INSERT INTO public.subscriber VALUES (4, 'imp1@x.example', 'imp1@x.example', 'Imp Éin', 'imp éin', 'x.example', '', '', 'nb', '2023-12-01 08:00:08+00', 'import.csv', 1, NULL);
INSERT INTO public.subscriber VALUES (5, 'imp2@x.example', 'imp2@x.example', 'Imp To', 'imp to', 'x.example', '', '', 'nb', '2023-12-01 08:00:08+00', 'import.csv', 1, NULL);
INSERT INTO public.subscriber VALUES (2, 'ase@fylke.example', 'ase@fylke.example', 'Åse Li', 'åse li', 'fylke.example', '', '', 'nn', '2023-12-01 08:00:04+00', '', NULL, NULL);
INSERT INTO public.subscriber VALUES (3, 'ny@helse.example', 'ny@helse.example', 'Per Moe', 'per moe', 'helse.example', '', '', 'nb', '2023-12-01 08:00:06+00', '', NULL, NULL);
INSERT INTO public.subscriber_event VALUES (1, 1, '2023-12-01 08:00:01+00', 'kari', 'subscribed', 18, NULL, '{"list": "oslo"}');
INSERT INTO public.subscriber_event VALUES (2, 2, '2023-12-01 08:00:03+00', 'kari', 'subscribed', 18, NULL, '{"list": "oslo"}');
INSERT INTO public.subscriber_event VALUES (3, 2, '2023-12-01 08:00:03+00', 'kari', 'subscribed', 9, NULL, '{"list": "bergen"}');
INSERT INTO public.subscriber_event VALUES (4, 3, '2023-12-01 08:00:05+00', 'kari', 'subscribed', 9, NULL, '{"list": "bergen"}');
INSERT INTO public.subscriber_event VALUES (5, 2, '2023-12-01 08:00:08+00', 'kari', 'changed', NULL, 1, '{"field": "name", "old": "\u00c5se \u00d8deg\u00e5rd-Li", "new": "\u00c5se Li"}');
INSERT INTO public.subscriber_event VALUES (6, 2, '2023-12-01 08:00:08+00', 'kari', 'changed', 18, 1, '{"field": "basis", "old": "a: skjema", "new": "e: sak 3", "list": "oslo"}');
INSERT INTO public.subscriber_event VALUES (7, 4, '2023-12-01 08:00:08+00', 'kari', 'subscribed', 18, 1, '{"list" : "oslo", "source" : "import.csv", "line" : "2"}');
INSERT INTO public.subscriber_event VALUES (8, 5, '2023-12-01 08:00:08+00', 'kari', 'subscribed', 12, 1, '{"list" : "agder", "source" : "import.csv", "line" : "3"}');
INSERT INTO public.subscriber_event VALUES (10, 5, '2023-12-01 08:00:13+00', 'kari', 'unsubscribed', 12, NULL, '{"list": "agder"}');
INSERT INTO public.subscriber_event VALUES (11, 3, '2023-12-01 08:00:17+00', 'kari', 'moved', NULL, NULL, '{"old": "gammel@helse.example", "new": "ny@helse.example"}');
INSERT INTO public.subscription VALUES (1, 1, 18, 'active', '2023-12-01 08:00:01+00');
INSERT INTO public.subscription VALUES (2, 2, 18, 'active', '2023-12-01 08:00:03+00');
INSERT INTO public.subscription VALUES (3, 2, 9, 'active', '2023-12-01 08:00:03+00');
INSERT INTO public.subscription VALUES (4, 3, 9, 'active', '2023-12-01 08:00:05+00');
INSERT INTO public.subscription VALUES (7, 4, 18, 'active', '2023-12-01 08:00:08+00');
INSERT INTO public.subscription VALUES (8, 5, 12, 'unsubscribed', '2023-12-01 08:00:13+00');
INSERT INTO public.suppression VALUES (1, '\x9bec27bde8e6fb201f4cc00881198a5d7b9e67b56417b6d8c9f7ba37f5ad563f', 'manual', 'all', 'ba om det', '2023-12-01 08:00:14+00', NULL, '');
INSERT INTO public.suppression VALUES (2, '\xa4ad8e340e32bf1d916005cb1dc92795148897965e36ae56c0adc357474b5372', 'key', '#key', '', '2023-12-01 08:00:14+00', NULL, '');
INSERT INTO public.suppression VALUES (3, '\xb244661f2e5b998d979a8d55a73d662d148061e32f93e40e7a33750237148d00', 'manual', 'all', 'feil postkasse', '2023-12-01 08:00:15+00', '2023-12-01 08:00:16+00', 'rettet');
INSERT INTO public.suppression VALUES (4, '\xd3ec6e347ef3086bf17158d3a1d7f5b723fd67dc74de1b4dffd6451d9e43e4d5', 'moved', 'all', '', '2023-12-01 08:00:17+00', NULL, '');
INSERT INTO public.test_send VALUES (1, '2023-12', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 'redaksjon@kommune.example', '2023-12-01 08:00:19+00', NULL);
INSERT INTO public.test_send VALUES (2, '2024-02', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'redaksjon@nyhetsbrev.example', '2026-11-29 08:00:00+00', '1:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO public.variant VALUES (1, 1, 'nb', '\x00636f6d70696c6564ff206e62');
INSERT INTO public.variant VALUES (2, 1, 'oslo nn', '\x00636f6d70696c6564206e6e');
SELECT pg_catalog.setval('public.attempt_id_seq', 2, true);
SELECT pg_catalog.setval('public.consent_id_seq', 8, true);
SELECT pg_catalog.setval('public.decision_id_seq', 4, true);
SELECT pg_catalog.setval('public.delivery_id_seq', 4, true);
SELECT pg_catalog.setval('public.edition_form_id_seq', 3, true);
SELECT pg_catalog.setval('public.edition_id_seq', 2, true);
SELECT pg_catalog.setval('public.import_held_id_seq', 1, true);
SELECT pg_catalog.setval('public.import_run_id_seq', 2, true);
SELECT pg_catalog.setval('public.leave_asked_id_seq', 2, true);
SELECT pg_catalog.setval('public.list_id_seq', 21, true);
SELECT pg_catalog.setval('public.mailing_id_seq', 1, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 2, true);
SELECT pg_catalog.setval('public.run_id_seq', 1, true);
SELECT pg_catalog.setval('public.subscriber_event_id_seq', 11, true);
SELECT pg_catalog.setval('public.subscriber_id_seq', 6, true);
SELECT pg_catalog.setval('public.subscription_id_seq', 10, true);
SELECT pg_catalog.setval('public.suppression_id_seq', 4, true);
SELECT pg_catalog.setval('public.test_send_id_seq', 2, true);
SELECT pg_catalog.setval('public.variant_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT pk_attempt PRIMARY KEY (id);
ALTER TABLE ONLY public.consent
    ADD CONSTRAINT pk_consent PRIMARY KEY (id);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT pk_decision PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT pk_delivery PRIMARY KEY (id);
ALTER TABLE ONLY public.edition
    ADD CONSTRAINT pk_edition PRIMARY KEY (id);
ALTER TABLE ONLY public.edition_form
    ADD CONSTRAINT pk_edition_form PRIMARY KEY (id);
ALTER TABLE ONLY public.import_held
    ADD CONSTRAINT pk_import_held PRIMARY KEY (id);
ALTER TABLE ONLY public.import_run
    ADD CONSTRAINT pk_import_run PRIMARY KEY (id);
ALTER TABLE ONLY public.leave_asked
    ADD CONSTRAINT pk_leave_asked PRIMARY KEY (id);
ALTER TABLE ONLY public.list
    ADD CONSTRAINT pk_list PRIMARY KEY (id);
ALTER TABLE ONLY public.mailing
    ADD CONSTRAINT pk_mailing PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);
ALTER TABLE ONLY public.rate_limit
    ADD CONSTRAINT pk_rate_limit PRIMARY KEY (name);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT pk_run PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriber
    ADD CONSTRAINT pk_subscriber PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriber_event
    ADD CONSTRAINT pk_subscriber_event PRIMARY KEY (id);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT pk_subscription PRIMARY KEY (id);
ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT pk_suppression PRIMARY KEY (id);
ALTER TABLE ONLY public.test_send
    ADD CONSTRAINT pk_test_send PRIMARY KEY (id);
ALTER TABLE ONLY public.variant
    ADD CONSTRAINT pk_variant PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT uq_delivery_mailing_id_address UNIQUE (mailing_id, address);
ALTER TABLE ONLY public.edition_form
    ADD CONSTRAINT uq_edition_form_edition_id_form UNIQUE (edition_id, form);
ALTER TABLE ONLY public.edition
    ADD CONSTRAINT uq_edition_slug_content_hash UNIQUE (slug, content_hash);
ALTER TABLE ONLY public.list
    ADD CONSTRAINT uq_list_slug UNIQUE (slug);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT uq_outbox_key UNIQUE (key);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT uq_run_token UNIQUE (token);
ALTER TABLE ONLY public.subscriber
    ADD CONSTRAINT uq_subscriber_address UNIQUE (address);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT uq_subscription_subscriber_id_list_id UNIQUE (subscriber_id, list_id);
ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT uq_suppression_address_hash_scope UNIQUE (address_hash, scope);
ALTER TABLE ONLY public.variant
    ADD CONSTRAINT uq_variant_mailing_id_key UNIQUE (mailing_id, key);
CREATE INDEX ix_attempt_delivery_id ON public.attempt USING btree (delivery_id);
CREATE INDEX ix_consent_import_id ON public.consent USING btree (import_id);
CREATE INDEX ix_consent_subscription_id_import_id ON public.consent USING btree (subscription_id, import_id);
CREATE INDEX ix_decision_slug ON public.decision USING btree (slug);
CREATE INDEX ix_delivery_mailing_status ON public.delivery USING btree (mailing_id, status, id);
CREATE INDEX ix_delivery_subscriber_id_mailing_id ON public.delivery USING btree (subscriber_id, mailing_id);
CREATE INDEX ix_import_held_import_id ON public.import_held USING btree (import_id);
CREATE INDEX ix_leave_asked_subscriber_id ON public.leave_asked USING btree (subscriber_id);
CREATE INDEX ix_mailing_slug ON public.mailing USING btree (slug);
CREATE INDEX ix_run_mailing_id ON public.run USING btree (mailing_id);
CREATE INDEX ix_subscriber_domain ON public.subscriber USING btree (domain);
CREATE INDEX ix_subscriber_event_subscriber_id ON public.subscriber_event USING btree (subscriber_id);
CREATE INDEX ix_subscriber_name_words ON public.subscriber USING gin (array_to_tsvector(string_to_array((name_folded)::text, ' '::text)));
CREATE INDEX ix_subscription_list_id ON public.subscription USING btree (list_id);
CREATE INDEX ix_test_send_slug ON public.test_send USING btree (slug);
CREATE UNIQUE INDEX uq_mailing_unfinished_slug ON public.mailing USING btree (slug) WHERE ((state)::text = ANY (ARRAY[('planned'::character varying)::text, ('running'::character varying)::text, ('paused'::character varying)::text, ('missed'::character varying)::text]));
CREATE TRIGGER consent_is_kept BEFORE DELETE OR UPDATE ON public.consent FOR EACH ROW EXECUTE FUNCTION public.refuse_to_change_consent();
CREATE TRIGGER consent_is_not_truncated BEFORE TRUNCATE ON public.consent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_consent();
CREATE TRIGGER decision_is_kept BEFORE DELETE OR UPDATE ON public.decision FOR EACH ROW EXECUTE FUNCTION public.refuse_to_change_decision();
CREATE TRIGGER decision_is_not_truncated BEFORE TRUNCATE ON public.decision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_decision();
CREATE TRIGGER subscriber_event_is_kept BEFORE DELETE OR UPDATE ON public.subscriber_event FOR EACH ROW EXECUTE FUNCTION public.refuse_to_change_subscriber_event();
CREATE TRIGGER subscriber_event_is_not_truncated BEFORE TRUNCATE ON public.subscriber_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_subscriber_event();
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT fk_attempt_delivery_id FOREIGN KEY (delivery_id) REFERENCES public.delivery(id);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT fk_attempt_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.consent
    ADD CONSTRAINT fk_consent_subscription_id FOREIGN KEY (subscription_id) REFERENCES public.subscription(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_mailing_id FOREIGN KEY (mailing_id) REFERENCES public.mailing(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_run_id FOREIGN KEY (run_id) REFERENCES public.run(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_subscriber_id FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_variant_id FOREIGN KEY (variant_id) REFERENCES public.variant(id);
ALTER TABLE ONLY public.edition_form
    ADD CONSTRAINT fk_edition_form_edition_id FOREIGN KEY (edition_id) REFERENCES public.edition(id);
ALTER TABLE ONLY public.import_held
    ADD CONSTRAINT fk_import_held_import_id FOREIGN KEY (import_id) REFERENCES public.import_run(id);
ALTER TABLE ONLY public.import_held
    ADD CONSTRAINT fk_import_held_list_id FOREIGN KEY (list_id) REFERENCES public.list(id);
ALTER TABLE ONLY public.list
    ADD CONSTRAINT fk_list_merged_into_id FOREIGN KEY (merged_into_id) REFERENCES public.list(id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT fk_run_mailing_id FOREIGN KEY (mailing_id) REFERENCES public.mailing(id);
ALTER TABLE ONLY public.subscriber_event
    ADD CONSTRAINT fk_subscriber_event_subscriber_id FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT fk_subscription_subscriber_id FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id);
ALTER TABLE ONLY public.variant
    ADD CONSTRAINT fk_variant_mailing_id FOREIGN KEY (mailing_id) REFERENCES public.mailing(id);
