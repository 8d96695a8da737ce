-- oldest: 0.1.0
--
-- What a browser brought to a sign-on that came to nothing, sealed, so that it can be judged again under other settings. It is kept as long as the trace
-- beside it, and goes with it.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE sign_ons ADD COLUMN message bytea; -- an envelope; NULL: it went well, a password was typed, or it cannot be judged without the provider
