-- The kept sums of a place and a month lie in one row, each under its number: a page reads a row where it
-- read sixty, and an entry that meets a dozen sums moves one. What was kept is filled anew from the
-- balances, beside the bookings; until it is, readings come from the books.
DROP TABLE reading_month, reading_day;
TRUNCATE reading_procedure;
UPDATE reading_sum SET filled_until = DEFAULT;

-- Amounts under the numbers of their sums, 0 for the others.
CREATE FUNCTION amounts_of(numbers smallint[], amounts bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found bigint[] := array_fill(0::bigint, ARRAY[(SELECT max(number) FROM unnest(numbers) AS number)]);
BEGIN
    FOR i IN 1 .. cardinality(numbers) LOOP
        found[numbers[i]] := amounts[i];
    END LOOP;
    RETURN found;
END
$$;
CREATE FUNCTION amounts_added(held bigint[], more bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    added bigint[] := held;
    count CONSTANT integer := cardinality(held);
BEGIN
    FOR i IN 1 .. cardinality(more) LOOP
        IF i > count THEN
            added[i] := more[i];
        ELSIF more[i] <> 0 THEN
            added[i] := held[i] + more[i];
        END IF;
    END LOOP;
    RETURN added;
END
$$;

-- By agency (reach 0), and by ministry or province with all below (1). A month is named by its
-- first day; -2147483648 is all time, of stocks.
CREATE TABLE reading_month (
    reach   smallint NOT NULL,
    place   text COLLATE "C" NOT NULL,
    month   integer  NOT NULL,
    amounts bigint[] NOT NULL,           -- by the number of the sum, from 1
    PRIMARY KEY (reach, place, month)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- By day: all sums of ministries and provinces; of agencies those that fall due, because these lie
-- on days to come.
CREATE TABLE reading_day (
    reach   smallint NOT NULL,
    place   text COLLATE "C" NOT NULL,
    day     integer  NOT NULL,
    amounts bigint[] NOT NULL,
    PRIMARY KEY (reach, place, day)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Which procedures a sum counts, of a place in a month: bit n of them is 1 where the procedure of
-- number n has more than nothing in `reading_procedure`. To count them is to count bits.
CREATE TABLE reading_code (
    number integer GENERATED ALWAYS AS IDENTITY (START WITH 0 MINVALUE 0) PRIMARY KEY,
    code   text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE reading_services (
    reach      smallint NOT NULL,
    place      text COLLATE "C" NOT NULL,
    month      integer  NOT NULL,
    sum        smallint NOT NULL,
    procedures bytea    NOT NULL,
    PRIMARY KEY (reach, place, month, sum)
) WITH (fillfactor = 70);

CREATE FUNCTION bits_of(numbers integer[]) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found bytea := decode(repeat('00', (SELECT max(number) / 8 + 1 FROM unnest(numbers) AS number)), 'hex');
    one integer;
BEGIN
    FOREACH one IN ARRAY numbers LOOP
        found := set_bit(found, one, 1);
    END LOOP;
    RETURN found;
END
$$;
-- Every bit that is 1 in `these` the other way.
CREATE FUNCTION bits_turned(held bytea, these bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    turned bytea := held || decode(repeat('00', greatest(length(these) - length(held), 0)), 'hex');
    one integer;
BEGIN
    FOR at IN 0 .. length(these) - 1 LOOP
        one := get_byte(these, at);
        IF one <> 0 THEN
            turned := set_byte(turned, at, get_byte(turned, at) # one);
        END IF;
    END LOOP;
    RETURN turned;
END
$$;
