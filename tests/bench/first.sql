-- The floor of a first load: the staged rows into this schema by INSERT ... SELECT, with the audit that it demands.
-- Variables: organisation, connection.
\set ON_ERROR_STOP 1
BEGIN;
SELECT set_config('rosterd.organisation', :'organisation', true);
INSERT INTO users (id) SELECT id FROM staging.bench;
INSERT INTO addresses (address, domain, user_id, proven_by) SELECT email, domain, id, 'domain' FROM staging.bench;
INSERT INTO accounts (organisation, id, connection, remote_id, user_id, user_name, email, given_name, family_name, display_name,
	title, department, locale, standing, claimed, fingerprint)
SELECT :'organisation', id, :'connection', remote_id, id, user_name, email, given_name, family_name, display_name, title, department,
	locale, standing, true, fingerprint FROM staging.bench;
INSERT INTO members (organisation, user_id, state, role, role_source, source, connection, name, email)
SELECT :'organisation', id, 'active', 'member', 'default', 'connector', :'connection', display_name, email FROM staging.bench;
INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
SELECT :'organisation', 'connector', :'connection', 'member.joined', 'member', target, 'run', personal, salt,
	audit_commitment(salt, personal)
FROM (SELECT id::text AS target, uuid_send(gen_random_uuid()) AS salt, jsonb_build_object('target_name', display_name, 'after',
	jsonb_build_object('role', 'member', 'user_name', user_name, 'email', email))::text AS personal FROM staging.bench) s;
COMMIT;
