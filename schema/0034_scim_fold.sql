-- oldest: 0.1.0
--
-- Names without case, where case is not only ASCII's: what stands here is folded as the daemon folds it from now on (text_fold). Of
-- two that were two and are one now, the second stays as it is: found by its id, and by its name once it is given another.
SET LOCAL search_path = rosterd, pg_temp;

CREATE FUNCTION pg_temp.folded(name text) RETURNS text LANGUAGE sql
RETURN translate(lower(name COLLATE "default"), 'ςſ', 'σs');

UPDATE scim_users u SET user_key = pg_temp.folded(u.user_key) FROM (
	SELECT organisation, connection, id, row_number() OVER (PARTITION BY organisation, connection, pg_temp.folded(user_key)
		ORDER BY pg_temp.folded(user_key) <> user_key COLLATE "C", id) AS place FROM scim_users) n
WHERE n.organisation = u.organisation AND n.connection = u.connection AND n.id = u.id AND n.place = 1
  AND pg_temp.folded(u.user_key) <> u.user_key COLLATE "C";
UPDATE scim_groups g SET name_key = pg_temp.folded(g.name_key) FROM (
	SELECT organisation, connection, id, row_number() OVER (PARTITION BY organisation, connection, pg_temp.folded(name_key)
		ORDER BY pg_temp.folded(name_key) <> name_key COLLATE "C", id) AS place FROM scim_groups) n
WHERE n.organisation = g.organisation AND n.connection = g.connection AND n.id = g.id AND n.place = 1
  AND pg_temp.folded(g.name_key) <> g.name_key COLLATE "C";
UPDATE scim_deleted d SET user_key = pg_temp.folded(d.user_key) FROM (
	SELECT organisation, connection, external_id, user_key, row_number() OVER (PARTITION BY organisation, connection, external_id,
		pg_temp.folded(user_key) ORDER BY pg_temp.folded(user_key) <> user_key COLLATE "C", user_key) AS place FROM scim_deleted) n
WHERE n.organisation = d.organisation AND n.connection = d.connection AND n.external_id = d.external_id AND n.user_key = d.user_key
  AND n.place = 1 AND pg_temp.folded(d.user_key) <> d.user_key COLLATE "C";

DROP FUNCTION pg_temp.folded(text);
