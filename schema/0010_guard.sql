-- oldest: 0.1.0
--
-- What a run may take away without being asked: of people, as before; of admins (suspended, or with a lesser role); of the members
-- of each single group. A loss is within its limit if it is within the number or the share.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE connections
	ADD COLUMN remove_admins_most integer NOT NULL DEFAULT 1 CHECK (remove_admins_most >= 0),
	ADD COLUMN remove_admins_share integer NOT NULL DEFAULT 20 CHECK (remove_admins_share BETWEEN 0 AND 100),
	ADD COLUMN remove_group_most integer NOT NULL DEFAULT 10 CHECK (remove_group_most >= 0),
	ADD COLUMN remove_group_share integer NOT NULL DEFAULT 50 CHECK (remove_group_share BETWEEN 0 AND 100);
