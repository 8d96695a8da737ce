-- oldest: 0.1.0
--
-- What a directory told nobody while it had no subscription is read as what changed, and how subscriptions stand is counted.
SET LOCAL search_path = rosterd, pg_temp;

-- Whoever has made a subscription anew says that something may have changed.
GRANT INSERT ON notification_due TO rosterd_worker;
GRANT USAGE ON SEQUENCE notification_due_seq TO rosterd_worker;

-- Of connections that work. Overdue is one that should have been renewed so long ago.
CREATE FUNCTION subscription_figures(late interval, OUT active bigint, OUT failed bigint, OUT overdue bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT count(*) FILTER (WHERE s.state = 'active'), count(*) FILTER (WHERE s.state = 'failed'),
		count(*) FILTER (WHERE s.state = 'active' AND s.renew_at < now() - late)
	FROM subscriptions s JOIN connections c ON c.organisation = s.organisation AND c.id = s.connection
	JOIN organisations o ON o.organisation = s.organisation
	WHERE c.state = 'active' AND o.state = 'active';
END;
REVOKE ALL ON FUNCTION subscription_figures(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscription_figures(interval) TO rosterd_worker;
