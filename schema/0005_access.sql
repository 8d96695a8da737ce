-- oldest: 0.1.0
--
-- What narrows who may come in: scopes of tokens, whose word a token lives by, allow-lists of organisations.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE tokens
	ADD COLUMN scopes text[] CHECK (cardinality(scopes) BETWEEN 1 AND 32), -- what it may do at most; NULL: whatever its role may
	ADD COLUMN maker uuid, -- of a service: the member who answers for it; NULL: the operator, or nobody knows
	ADD COLUMN last_used_at timestamptz, -- coarse: written once in a few minutes
	ADD CHECK (maker IS NULL OR role IS NOT NULL);

UPDATE tokens SET maker = substring(created_by FROM '^member ([0-9a-f-]{36})$')::uuid WHERE role IS NOT NULL;

ALTER TABLE organisations
	ADD COLUMN ip_allow_list text[] NOT NULL DEFAULT '{}' CHECK (cardinality(ip_allow_list) <= 64); -- networks that its tokens count in; none: anywhere

-- The lesser of two roles; NULL stands for no bound.
CREATE FUNCTION lesser_role(a text, b text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN a IS NULL OR b IS NULL THEN coalesce(a, b) ELSE
	(ARRAY['viewer', 'member', 'admin', 'owner'])[least(array_position(ARRAY['viewer', 'member', 'admin', 'owner'], a),
	                                                    array_position(ARRAY['viewer', 'member', 'admin', 'owner'], b))] END;

-- Who speaks? A token that still counts, with the role that it has now. A service's lives by its maker: it sleeps while
-- they are not active, and never has more than their role.
CREATE FUNCTION token_speaker(wanted bytea, OUT id uuid, OUT organisation uuid, OUT user_id uuid, OUT role text, OUT name text,
	OUT scopes text[], OUT maker uuid, OUT ip_allow_list text[], OUT last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.id, t.organisation, t.user_id, lesser_role(t.role, m.role), t.name, t.scopes, t.maker, o.ip_allow_list, t.last_used_at
	FROM tokens t
	LEFT JOIN organisations o ON o.organisation = t.organisation
	LEFT JOIN members m ON m.organisation = t.organisation AND m.user_id = coalesce(t.user_id, t.maker) AND m.state = 'active'
	WHERE t.hash = wanted AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
	  AND (t.organisation IS NULL OR o.state <> 'deleted')
	  AND (coalesce(t.user_id, t.maker) IS NULL OR m.user_id IS NOT NULL);
END;

-- For a daemon of before, which knows neither scopes nor allow-lists: what is narrowed by them does not count there.
CREATE OR REPLACE FUNCTION token_find(wanted bytea, OUT id uuid, OUT organisation uuid, OUT user_id uuid, OUT role text, OUT name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT s.id, s.organisation, s.user_id, s.role, s.name FROM token_speaker(wanted) s
	WHERE s.scopes IS NULL AND coalesce(cardinality(s.ip_allow_list), 0) = 0;
END;

REVOKE ALL ON FUNCTION lesser_role(text, text), token_speaker(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lesser_role(text, text) TO rosterd_request, rosterd_worker;
GRANT EXECUTE ON FUNCTION token_speaker(bytea) TO rosterd_request;
