-- Reports that were published, byte for byte: what stood in them, of what they were made, by whom.
-- Never changed or removed; whoever doubts one makes it again from the same cut and compares.
CREATE TABLE published_report (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL,      -- scorecard, breakdown, ranking, ...
    indicators   text        NOT NULL,      -- id of the set
    set_version  text        NOT NULL,
    set_hash     text        NOT NULL,
    scope        text        NOT NULL,      -- as asked: H56, country; of a ranking, who is ranked
    period       text        NOT NULL,      -- as asked: 2026-08
    asked        jsonb       NOT NULL,      -- the whole question
    cut          bigint      NOT NULL,
    sealed_at    timestamptz NOT NULL,      -- of the cut
    format       text        NOT NULL,
    language     text        NOT NULL,
    content      bytea       NOT NULL,
    sha256       bytea       NOT NULL,      -- of the content
    figures      bytea       NOT NULL,      -- SHA-256 of the figures as JSON, whatever the format
    release      text        NOT NULL,      -- that wrote it
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_by text        NOT NULL,
    why          text        NOT NULL       -- "" where nobody said
);
ALTER TABLE published_report ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX published_report_of ON published_report (indicators, period, scope);
