-- One recent dossier or request for a bucket of a histogram, to go from a number to what is in it.
CREATE TABLE exemplar (
    histogram text             NOT NULL,       -- consumed, or request
    name      text             COLLATE "C" NOT NULL,  -- agency of level 1, as booked; or source
    part      text             COLLATE "C" NOT NULL,  -- interface; "" of an agency
    bin       smallint         NOT NULL,
    said      text             NOT NULL,       -- token of the dossier (0017), or id of the request
    value     double precision NOT NULL,
    at_ms     bigint           NOT NULL,
    PRIMARY KEY (histogram, name, part, bin)
) WITH (fillfactor = 70);
