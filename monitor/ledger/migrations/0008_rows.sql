-- A dossier with all measures takes two to three thousand bytes, a little more than what PostgreSQL
-- puts aside into a table of its own, part by part. Its row is read and written whole: kept
-- together it costs a third less (docs/explanation/performance.md).
ALTER TABLE dossier SET (toast_tuple_target = 8160);
