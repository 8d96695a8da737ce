-- oldest: 0.1.0
--
-- Letting audit entries go: also of organisations that were purged, whose chains stay behind; and a stream that nobody carries any
-- more, because it was turned off, holds nothing back after a week.
SET LOCAL search_path = rosterd, pg_temp;

-- Whose chains there are: one probe of the index for each.
CREATE FUNCTION audit_chains() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH RECURSIVE chains AS (
		(SELECT organisation FROM audit_seals ORDER BY organisation LIMIT 1)
		UNION ALL
		SELECT (SELECT s.organisation FROM audit_seals s WHERE s.organisation > c.organisation ORDER BY s.organisation LIMIT 1)
		FROM chains c WHERE c.organisation IS NOT NULL
	)
	SELECT organisation FROM chains WHERE organisation IS NOT NULL;
END;
REVOKE ALL ON FUNCTION audit_chains() FROM PUBLIC;

CREATE OR REPLACE FUNCTION audit_prune(before timestamptz, most integer, OUT written bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
	chain uuid;
	delivered bigint := (SELECT coalesce(min(number), 9223372036854775807) FROM audit_streams
		WHERE held_to > now() - interval '7 days');
	through bigint;
	anchor bytea;
	gone bigint;
BEGIN
	written := 0;
	PERFORM FROM audit_sealer FOR UPDATE; -- as the sealer does: heads do not move meanwhile
	FOR chain IN SELECT audit_chains() LOOP
		SELECT coalesce(min(l.position) FILTER (WHERE a.at >= before OR l.number > delivered) - 1, max(l.position)) INTO through
		FROM (SELECT * FROM audit_seals WHERE organisation = chain ORDER BY position LIMIT most) l
		JOIN audit a ON a.organisation = l.organisation AND a.id = l.entry;
		SELECT link INTO anchor FROM audit_seals WHERE organisation = chain AND position = through;
		CONTINUE WHEN NOT FOUND;

		WITH old AS (DELETE FROM audit_seals WHERE organisation = chain AND position <= through RETURNING entry)
		DELETE FROM audit a USING old WHERE a.organisation = chain AND a.id = old.entry;
		GET DIAGNOSTICS gone = ROW_COUNT;
		INSERT INTO audit_anchors VALUES (chain, through, anchor)
		ON CONFLICT (organisation) DO UPDATE SET position = excluded.position, link = excluded.link;
		PERFORM audit_note(chain, 'audit.pruned', 'audit', through::text,
			format('{"after":{"entries":%s,"link":"%s"}}', gone, encode(anchor, 'hex')));
		written := written + gone;
	END LOOP;
END $$;
