-- The titles of groups of services beside how they fare: what shows them cannot read groups.toml.
ALTER TABLE service_standing
    ADD COLUMN title_vi text NOT NULL DEFAULT '',
    ADD COLUMN title_en text NOT NULL DEFAULT '';
