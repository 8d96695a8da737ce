-- oldest: 0.1.0
--
-- What the planner has to know of tables that hold the people of many connections: a connection is of one organisation. Taken for chance,
-- both together seem to be so few that any index which begins with them looks as good as the one that finds the row.
SET LOCAL search_path = rosterd, pg_temp;

CREATE STATISTICS scim_users_whose (dependencies) ON organisation, connection FROM scim_users;
CREATE STATISTICS scim_groups_whose (dependencies) ON organisation, connection FROM scim_groups;
CREATE STATISTICS scim_members_whose (dependencies) ON organisation, connection FROM scim_members;
