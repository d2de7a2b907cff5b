-- Claims are kept with every word of them, and each knows which cuts it is in: its number is drawn
-- from the journal's, in the transaction that writes it, so that what seals the journal seals claims.
ALTER TABLE external_claim ADD COLUMN seq bigint NOT NULL DEFAULT nextval('journal_seq_seq');
ALTER TABLE external_claim DROP CONSTRAINT external_claim_pkey;
ALTER TABLE external_claim ADD PRIMARY KEY
    (indicator, agency, from_day, to_day, source, survey, revision, seq);
