-- oldest: 0.1.0
--
-- What a provider calls somebody and their session when it ends that session: the SHA-256 of each, for it is only ever asked for.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE sessions
	ADD COLUMN provider_subject bytea CHECK (length(provider_subject) = 32),
	ADD COLUMN provider_index bytea CHECK (length(provider_index) = 32);
CREATE INDEX sessions_provider_subject ON sessions (organisation, connection, provider_subject) WHERE ended_at IS NULL;
CREATE INDEX sessions_provider_index ON sessions (organisation, connection, provider_index) WHERE ended_at IS NULL;
