-- Sums are kept by procedure of all agencies also where nobody counts procedures: 3 says that they
-- are counted, which 2 said.
UPDATE reading_sum SET procedures = 3 WHERE procedures = 2;
