-- Sums of the books that official figures are made of, by agency and month: a ranking of all
-- ministries and provinces is some thousand rows of them, where the books have millions of lines.
-- They follow the balances by a watermark of their own. Days are those of the policy's zone.

-- What is summed: `monitor.domain.composition.Sum`. Whoever asks for a sum that is not here has it
-- entered, is answered from the books meanwhile, and finds it here once it is filled.
CREATE TABLE reading_sum (
    number        smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    measures      smallint[] NOT NULL,
    weights       smallint[] NOT NULL,
    due           boolean  NOT NULL,     -- on the later of the entry's day and its slot
    first_slot    integer  NOT NULL,
    last_slot     integer  NOT NULL,
    channel       smallint NOT NULL,     -- 0: any
    level         smallint NOT NULL,
    having_all    integer  NOT NULL,     -- traits, where slots are traits
    lacking_all   integer  NOT NULL,
    having_any    integer  NOT NULL,
    stock         boolean  NOT NULL,     -- what stood at some time is asked of it
    procedures    smallint NOT NULL,     -- also by procedure: 1 of ministries and provinces, 2 of all
    filled_until  integer  NOT NULL DEFAULT -2147483648,  -- days before this one are in it
    UNIQUE (measures, weights, due, first_slot, last_slot, channel, level, having_all, lacking_all,
            having_any, stock, procedures)
);

-- The watermark, in one row: lines of the journal up to it are in the sums, of the days that are filled.
CREATE TABLE reading_book (
    seq      bigint  NOT NULL,
    last_day integer NOT NULL,           -- no entry was ever on a later day
    places   integer NOT NULL            -- how many there are
);
CREATE UNIQUE INDEX reading_book_one ON reading_book ((true));
INSERT INTO reading_book (seq, last_day, places) SELECT seq, -2147483648, 0 FROM follower;

-- Agencies that anything is summed of.
CREATE TABLE reading_place (
    agency text COLLATE "C" PRIMARY KEY,
    level1 text COLLATE "C" NOT NULL     -- as `cell` has it
);

-- By agency (reach 0), and by ministry or province with all below (1). A month is named by its
-- first day; -2147483648 is all time, of stocks.
CREATE TABLE reading_month (
    reach  smallint NOT NULL,
    place  text COLLATE "C" NOT NULL,
    month  integer  NOT NULL,
    sum    smallint NOT NULL,
    amount bigint   NOT NULL,
    PRIMARY KEY (reach, place, month, sum)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- By day: all sums of ministries and provinces; of agencies those that fall due, because these lie
-- on days to come.
CREATE TABLE reading_day (
    reach  smallint NOT NULL,
    place  text COLLATE "C" NOT NULL,
    day    integer  NOT NULL,
    sum    smallint NOT NULL,
    amount bigint   NOT NULL,
    PRIMARY KEY (reach, place, day, sum)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- By month and procedure, of sums that are asked for so.
CREATE TABLE reading_procedure (
    reach     smallint NOT NULL,
    place     text COLLATE "C" NOT NULL,
    month     integer  NOT NULL,
    sum       smallint NOT NULL,
    procedure text COLLATE "C" NOT NULL,
    amount    bigint   NOT NULL,
    PRIMARY KEY (reach, place, month, sum, procedure)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
