/* The whole of rosterd as the world sees it: the first file to read. schema/openapi.yaml says the same to
 * programs, and a test compares the two. */
#include "endpoints/routes.h"

#include "base/text.h"
#include "endpoints/account_factor.h"
#include "endpoints/account_link.h"
#include "endpoints/account_page.h"
#include "endpoints/account_sign_on.h"
#include "endpoints/accounts.h"
#include "endpoints/audit.h"
#include "endpoints/audit_export.h"
#include "endpoints/clients.h"
#include "endpoints/connection_life.h"
#include "endpoints/connections.h"
#include "endpoints/domains.h"
#include "endpoints/event_endpoints.h"
#include "endpoints/events.h"
#include "endpoints/explain.h"
#include "endpoints/figures.h"
#include "endpoints/groups.h"
#include "endpoints/health.h"
#include "endpoints/login.h"
#include "endpoints/master_keys.h"
#include "endpoints/members.h"
#include "endpoints/notifications.h"
#include "endpoints/openid.h"
#include "endpoints/openid_ask.h"
#include "endpoints/openid_authorize.h"
#include "endpoints/openid_logout.h"
#include "endpoints/openid_token.h"
#include "endpoints/organisations.h"
#include "endpoints/ownership.h"
#include "endpoints/permissions.h"
#include "endpoints/plugins.h"
#include "endpoints/precedence.h"
#include "endpoints/reload.h"
#include "endpoints/refusals.h"
#include "endpoints/runs.h"
#include "endpoints/scim.h"
#include "endpoints/scim_bulk.h"
#include "endpoints/scim_oauth.h"
#include "endpoints/scim_tokens.h"
#include "endpoints/scim_trace.h"
#include "endpoints/sessions.h"
#include "endpoints/sign_ons.h"
#include "endpoints/setup_link.h"
#include "endpoints/sso.h"
#include "endpoints/sso_finish.h"
#include "endpoints/sso_judge.h"
#include "endpoints/sso_logout.h"
#include "endpoints/sso_test.h"
#include "endpoints/tokens.h"
#include "endpoints/verify.h"
#include "endpoints/webhooks.h"

static const char *const paged[] = { "limit", "after", NULL };

#define ORGANISATION "/v1/organisations/{organisation}"
#define ACCOUNT	     ORGANISATION "/members/{member}/account"
#define CONNECTION   ORGANISATION "/connections/{connection}"
#define RUN	     ORGANISATION "/runs/{run}"
#define SCIM	     "/scim/v2/{connection}"
#define SSO	     "/sso/{connection}"

/* A row ends where it has no more to say. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* clang-format off */
const struct endpoint routes[] = {
	{ "GET",    "/healthz",                             PERMIT_ANYONE,             0,      health_show, .from_memory = true },
	{ "GET",    "/livez",                               PERMIT_ANYONE,             0,      health_live, .from_memory = true },
	{ "GET",    "/readyz",                              PERMIT_ANYONE,             0,      health_ready, NULL, health_parameters, true },
	{ "GET",    "/metrics",                             PERMIT_OPERATOR,           0,      figures_show, .from_memory = true },
	{ "GET",    "/v1/status",                           PERMIT_OPERATOR,           0,      figures_status, .from_memory = true },
	{ "GET",    "/v1/whoami",                           PERMIT_KNOWN,              0,      permissions_whoami },
	{ "GET",    "/v1/plugins",                          PERMIT_KNOWN,              0,      plugins_list, plugins_prepare, paged },
	{ "GET",    "/v1/plugins/{plugin}",                 PERMIT_KNOWN,              0,      plugins_show, plugins_prepare, .setup = true },
	{ "GET",    "/v1/tokens",                           PERMIT_OPERATOR,           0,      tokens_list, NULL, paged },
	{ "POST",   "/v1/tokens",                           PERMIT_OPERATOR,           KB(4),  tokens_create_operators },
	{ "DELETE", "/v1/tokens/{token}",                   PERMIT_OPERATOR,           0,      tokens_revoke, NULL, tokens_revoke_parameters },
	{ "POST",   "/v1/tokens/{token}/rotate",            PERMIT_OPERATOR,           KB(4),  tokens_rotate },
	{ "GET",    "/v1/master-keys",                      PERMIT_OPERATOR,           0,      master_keys_list },
	{ "POST",   "/v1/master-keys/reseal",               PERMIT_OPERATOR,           0,      master_keys_reseal },
	{ "POST",   "/v1/reload",                           PERMIT_OPERATOR,           0,      reload_ask, reload_prepare },
	{ "GET",    "/v1/audit",                            PERMIT_OPERATOR,           0,      audit_show, NULL, audit_parameters },
	{ "GET",    "/v1/audit/export",                     PERMIT_OPERATOR,           0,      audit_export, NULL, audit_export_parameters },
	{ "GET",    "/v1/audit/head",                       PERMIT_OPERATOR,           0,      audit_head },
	{ "GET",    "/v1/events",                           PERMIT_OPERATOR,           0,      events_list_all, NULL, events_parameters },
	{ "GET",    "/v1/event-endpoints",                       PERMIT_OPERATOR,           0,      event_endpoints_list, NULL, paged },
	{ "POST",   "/v1/event-endpoints",                       PERMIT_OPERATOR,           KB(16), event_endpoints_create },
	{ "GET",    "/v1/event-endpoints/{endpoint}",            PERMIT_OPERATOR,           0,      event_endpoints_show },
	{ "PATCH",  "/v1/event-endpoints/{endpoint}",            PERMIT_OPERATOR,           KB(16), event_endpoints_change },
	{ "DELETE", "/v1/event-endpoints/{endpoint}",            PERMIT_OPERATOR,           0,      event_endpoints_delete },
	{ "POST",   "/v1/event-endpoints/{endpoint}/rotate",     PERMIT_OPERATOR,           KB(4),  event_endpoints_rotate },
	{ "POST",   "/v1/event-endpoints/{endpoint}/replay",     PERMIT_OPERATOR,           KB(4),  event_endpoints_replay },
	{ "POST",   "/v1/event-endpoints/{endpoint}/test",       PERMIT_OPERATOR,           0,      event_endpoints_test, event_endpoints_prepare_test },
	{ "GET",    "/v1/event-endpoints/{endpoint}/passed-over", PERMIT_OPERATOR,           0,      event_endpoints_passed_over, NULL, paged },

	{ "GET",    "/v1/clients",                          PERMIT_OPERATOR,           0,      clients_list, NULL, paged },
	{ "POST",   "/v1/clients",                          PERMIT_OPERATOR,           KB(32), clients_create },
	{ "GET",    "/v1/clients/{client}",                 PERMIT_OPERATOR,           0,      clients_show },
	{ "PATCH",  "/v1/clients/{client}",                 PERMIT_OPERATOR,           KB(32), clients_change },
	{ "DELETE", "/v1/clients/{client}",                 PERMIT_OPERATOR,           0,      clients_delete },
	{ "POST",   "/v1/clients/{client}/rotate",          PERMIT_OPERATOR,           KB(4),  clients_rotate },
	{ "POST",   "/v1/clients/{client}/adopt",           PERMIT_OPERATOR,           0,      clients_adopt },
	{ "GET",    "/v1/signing-keys",                     PERMIT_OPERATOR,           0,      signing_keys_list, NULL, paged },
	{ "POST",   "/v1/signing-keys/roll",                PERMIT_OPERATOR,           KB(4),  signing_keys_roll },

	{ "GET",    "/v1/organisations",                    PERMIT_KNOWN,              0,      organisations_list, NULL, organisations_parameters },
	{ "POST",   "/v1/organisations",                    PERMIT_OPERATOR,           KB(4),  organisations_create },
	{ "GET",    ORGANISATION,                           PERMIT_KNOWN,              0,      organisations_show },
	{ "PATCH",  ORGANISATION,                           PERMIT_CONFIGURE_SETTINGS, KB(4),  organisations_change },
	{ "DELETE", ORGANISATION,                           PERMIT_DELETE_ORGANISATION, 0,     organisations_delete },
	{ "POST",   "/v1/organisations/{deleted}/restore",  PERMIT_OPERATOR,           KB(4),  organisations_restore },
	{ "POST",   ORGANISATION "/owner",                  PERMIT_OPERATOR,           KB(4),  ownership_begin_first },
	{ "GET",    ORGANISATION "/ownership",              PERMIT_KNOWN,              0,      ownership_show },
	{ "POST",   ORGANISATION "/ownership",              PERMIT_TRANSFER_OWNERSHIP, KB(4),  ownership_offer },
	{ "POST",   ORGANISATION "/ownership/accept",       PERMIT_TAKE_OWNERSHIP,     KB(4),  ownership_accept },
	{ "POST",   ORGANISATION "/ownership/decline",      PERMIT_TAKE_OWNERSHIP,     KB(4),  ownership_decline },
	{ "POST",   ORGANISATION "/ownership/withdraw",     PERMIT_KNOWN,              KB(4),  ownership_withdraw },
	{ "POST",   ORGANISATION "/ownership/recover",      PERMIT_RECOVER_OWNERSHIP,  KB(4),  ownership_recover },
	{ "POST",   ORGANISATION "/ownership/confirm",      PERMIT_OPERATOR,           KB(4),  ownership_confirm },
	{ "POST",   ORGANISATION "/adopt",                  PERMIT_OPERATOR,           0,      organisations_adopt },
	{ "GET",    ORGANISATION "/permissions",            PERMIT_KNOWN,              0,      permissions_show },
	{ "POST",   ORGANISATION "/check",                  PERMIT_KNOWN,              KB(4),  permissions_check },
	{ "GET",    ORGANISATION "/audit",                  PERMIT_VIEW_AUDIT,         0,      audit_show, NULL, audit_parameters },
	{ "GET",    ORGANISATION "/audit/export",           PERMIT_VIEW_AUDIT,         0,      audit_export, NULL, audit_export_parameters },
	{ "GET",    ORGANISATION "/audit/head",             PERMIT_VIEW_AUDIT,         0,      audit_head },
	{ "GET",    ORGANISATION "/events",                 PERMIT_VIEW_AUDIT,         0,      events_list, NULL, events_parameters },
	{ "GET",    ORGANISATION "/event-endpoints",             PERMIT_VIEW_AUDIT,         0,      event_endpoints_list, NULL, paged },
	{ "POST",   ORGANISATION "/event-endpoints",             PERMIT_CONFIGURE_SETTINGS, KB(16), event_endpoints_create },
	{ "GET",    ORGANISATION "/event-endpoints/{endpoint}",  PERMIT_VIEW_AUDIT,         0,      event_endpoints_show },
	{ "PATCH",  ORGANISATION "/event-endpoints/{endpoint}",  PERMIT_CONFIGURE_SETTINGS, KB(16), event_endpoints_change },
	{ "DELETE", ORGANISATION "/event-endpoints/{endpoint}",  PERMIT_CONFIGURE_SETTINGS, 0,      event_endpoints_delete },
	{ "POST",   ORGANISATION "/event-endpoints/{endpoint}/rotate", PERMIT_CONFIGURE_SETTINGS, KB(4),  event_endpoints_rotate },
	{ "POST",   ORGANISATION "/event-endpoints/{endpoint}/replay", PERMIT_CONFIGURE_SETTINGS, KB(4),  event_endpoints_replay },
	{ "POST",   ORGANISATION "/event-endpoints/{endpoint}/test", PERMIT_CONFIGURE_SETTINGS, 0,      event_endpoints_test, event_endpoints_prepare_test },
	{ "GET",    ORGANISATION "/event-endpoints/{endpoint}/passed-over", PERMIT_VIEW_AUDIT,         0,      event_endpoints_passed_over, NULL, paged },

	{ "GET",    ORGANISATION "/domains",                PERMIT_KNOWN,              0,      domains_list, NULL, paged },
	{ "POST",   ORGANISATION "/domains",                PERMIT_CONFIGURE_SETTINGS, KB(4),  domains_add },
	{ "GET",    ORGANISATION "/domains/{domain}",       PERMIT_KNOWN,              0,      domains_show },
	{ "PATCH",  ORGANISATION "/domains/{domain}",       PERMIT_CONFIGURE_SETTINGS, KB(4),  domains_change },
	{ "DELETE", ORGANISATION "/domains/{domain}",       PERMIT_CONFIGURE_SETTINGS, 0,      domains_remove },
	{ "POST",   ORGANISATION "/domains/{domain}/check", PERMIT_CONFIGURE_SETTINGS, KB(4),  domains_check },
	{ "POST",   ORGANISATION "/domains/{domain}/adopt", PERMIT_OPERATOR,           0,      domains_adopt },

	{ "GET",    ORGANISATION "/members",                PERMIT_VIEW_MEMBERS,       0,      members_list, NULL, members_parameters },
	{ "POST",   ORGANISATION "/members",                PERMIT_OPERATOR,           KB(4),  members_create },
	{ "GET",    ORGANISATION "/members/{member}",       PERMIT_VIEW_MEMBERS,       0,      members_show },
	{ "PATCH",  ORGANISATION "/members/{member}",       PERMIT_CHANGE_ROLES,       KB(4),  members_change },
	{ "DELETE", ORGANISATION "/members/{member}",       PERMIT_REMOVE_MEMBERS,     0,      members_remove },
	{ "DELETE", ORGANISATION "/members/{member}/role",  PERMIT_CHANGE_ROLES,       0,      members_give_back_role },
	{ "GET",    ORGANISATION "/members/{member}/explain", PERMIT_VIEW_AUDIT,       0,      explain_show },

	{ "GET",    ORGANISATION "/accounts",               PERMIT_REMOVE_MEMBERS,     0,      accounts_list, NULL, paged },
	{ "GET",    ORGANISATION "/account-policy",         PERMIT_KNOWN,              0,      accounts_policy },
	{ "PATCH",  ORGANISATION "/account-policy",         PERMIT_CONFIGURE_SETTINGS, KB(4),  accounts_set_policy },
	{ "GET",    ACCOUNT,                                PERMIT_REMOVE_MEMBERS,     0,      accounts_show },
	{ "DELETE", ACCOUNT,                                PERMIT_REMOVE_MEMBERS,     0,      accounts_delete },
	{ "POST",   ACCOUNT "/link",                        PERMIT_REMOVE_MEMBERS,     KB(4),  accounts_link },
	{ "DELETE", ACCOUNT "/second-factor",               PERMIT_REMOVE_MEMBERS,     0,      accounts_remove_factor },
	{ "POST",   ACCOUNT "/break-glass",                 PERMIT_REMOVE_MEMBERS,     0,      accounts_break_glass },
	{ "DELETE", ACCOUNT "/break-glass",                 PERMIT_REMOVE_MEMBERS,     0,      accounts_break_glass_end },

	{ "GET",    ORGANISATION "/members/{member}/sessions", PERMIT_KNOWN,           0,      sessions_list_of_member, NULL, paged },
	{ "DELETE", ORGANISATION "/members/{member}/sessions", PERMIT_KNOWN,           0,      sessions_end_of_member },

	{ "GET",    ORGANISATION "/sessions",               PERMIT_REMOVE_MEMBERS,     0,      sessions_list, NULL, paged },
	{ "DELETE", ORGANISATION "/sessions",               PERMIT_REMOVE_MEMBERS,     0,      sessions_end_all },
	{ "DELETE", ORGANISATION "/sessions/{session}",     PERMIT_REMOVE_MEMBERS,     0,      sessions_end },
	{ "GET",    ORGANISATION "/sign-ons",               PERMIT_VIEW_AUDIT,         0,      sign_ons_list, NULL, sign_ons_parameters },
	{ "GET",    ORGANISATION "/sign-ons/{sign_on}",     PERMIT_VIEW_AUDIT,         0,      sign_ons_show },
	{ "POST",   ORGANISATION "/sign-ons/{sign_on}/judge", PERMIT_CONFIGURE_SETTINGS, KB(256), sso_judge, sso_prepare_judge },

	{ "GET",    ORGANISATION "/groups",                 PERMIT_VIEW_MEMBERS,       0,      groups_list, NULL, paged },
	{ "GET",    ORGANISATION "/groups/{group}/members", PERMIT_VIEW_MEMBERS,       0,      groups_members, NULL, paged },

	{ "GET",    ORGANISATION "/tokens",                 PERMIT_VIEW_KEYS,          0,      tokens_list, NULL, paged },
	{ "POST",   ORGANISATION "/tokens",                 PERMIT_CREATE_KEYS,        KB(4),  tokens_create },
	{ "DELETE", ORGANISATION "/tokens/{token}",         PERMIT_DELETE_KEYS,        0,      tokens_revoke, NULL, tokens_revoke_parameters },
	{ "POST",   ORGANISATION "/tokens/{token}/rotate",  PERMIT_CREATE_KEYS,        KB(4),  tokens_rotate },
	{ "POST",   ORGANISATION "/tokens/{token}/adopt",   PERMIT_CREATE_KEYS,        KB(4),  tokens_adopt },

	{ "GET",    ORGANISATION "/connections",            PERMIT_CONFIGURE_SETTINGS, 0,      connections_list, NULL, connections_parameters },
	{ "POST",   ORGANISATION "/connections",            PERMIT_CONFIGURE_SETTINGS, MB(1),  connections_create, connections_prepare_create },
	{ "GET",    CONNECTION,                             PERMIT_CONFIGURE_SETTINGS, 0,      connections_show, .setup = true },
	{ "PATCH",  CONNECTION,                             PERMIT_CONFIGURE_SETTINGS, MB(1),  connections_change, connections_prepare_change, .setup = true },
	{ "DELETE", CONNECTION,                             PERMIT_CONFIGURE_SETTINGS, 0,      connection_life_delete },
	{ "POST",   CONNECTION "/delete",                   PERMIT_CONFIGURE_SETTINGS, MB(8),  connection_life_end },
	{ "POST",   CONNECTION "/restore",                  PERMIT_CONFIGURE_SETTINGS, KB(4),  connection_life_restore },
	{ "POST",   CONNECTION "/test",                     PERMIT_CONFIGURE_SETTINGS, KB(4),  connections_test, connections_prepare_test, .setup = true },
	{ "POST",   CONNECTION "/sign-on-test",             PERMIT_CONFIGURE_SETTINGS, 0,      sso_test_create },
	{ "POST",   CONNECTION "/setup-link",               PERMIT_CONFIGURE_SETTINGS, KB(4),  setup_link_create },
	{ "POST",   CONNECTION "/same-directory",           PERMIT_CONFIGURE_SETTINGS, 0,      connections_same_directory },
	{ "POST",   CONNECTION "/adopt",                    PERMIT_OPERATOR,           0,      connections_adopt },
	{ "GET",    CONNECTION "/tokens",                   PERMIT_CONFIGURE_SETTINGS, 0,      scim_tokens_list, NULL, paged },
	{ "POST",   CONNECTION "/tokens",                   PERMIT_CONFIGURE_SETTINGS, KB(4),  scim_tokens_create },
	{ "GET",    CONNECTION "/trace",                    PERMIT_CONFIGURE_SETTINGS, 0,      scim_trace_show, NULL, paged },
	{ "GET",    CONNECTION "/notifications",            PERMIT_CONFIGURE_SETTINGS, 0,      notifications_list, NULL, notifications_parameters },
	{ "DELETE", CONNECTION "/tokens/{token}",           PERMIT_CONFIGURE_SETTINGS, 0,      scim_tokens_revoke },
	{ "GET",    CONNECTION "/refused",                  PERMIT_CONFIGURE_SETTINGS, 0,      refusals_list, NULL, paged },
	{ "POST",   CONNECTION "/refused/resolve",          PERMIT_CONFIGURE_SETTINGS, KB(16), refusals_resolve, refusals_prepare_resolve },
	{ "POST",   CONNECTION "/runs",                     PERMIT_CONFIGURE_SETTINGS, KB(4),  runs_ask },

	{ "GET",    ORGANISATION "/precedence",             PERMIT_CONFIGURE_SETTINGS, 0,      precedence_show },
	{ "POST",   ORGANISATION "/precedence",             PERMIT_CONFIGURE_SETTINGS, KB(64), precedence_change },

	{ "GET",    ORGANISATION "/runs",                   PERMIT_CONFIGURE_SETTINGS, 0,      runs_list, NULL, runs_parameters },
	{ "GET",    RUN,                                    PERMIT_CONFIGURE_SETTINGS, 0,      runs_show },
	{ "GET",    RUN "/changes",                         PERMIT_CONFIGURE_SETTINGS, 0,      runs_changes, NULL, paged },
	{ "POST",   RUN "/approve",                         PERMIT_CONFIGURE_SETTINGS, KB(4),  runs_approve },
	{ "POST",   RUN "/drop",                            PERMIT_CONFIGURE_SETTINGS, KB(4),  runs_drop },

	{ "GET",    "/hooks/{connection}",                  PERMIT_ANYONE,             0,      webhooks_take, webhooks_prepare, .stranger = true },
	{ "POST",   "/hooks/{connection}",                  PERMIT_ANYONE,             WEBHOOK_BODY_MOST, webhooks_take, webhooks_prepare, .stranger = true },

	{ "GET",    SSO "/begin",                           PERMIT_ANYONE,             0,      sso_begin, sso_prepare_begin, .stranger = true },
	{ "GET",    SSO "/callback",                        PERMIT_ANYONE,             0,      sso_finish, sso_prepare_finish, .stranger = true },
	{ "POST",   SSO "/callback",                        PERMIT_ANYONE,             SSO_BODY_MOST, sso_finish, sso_prepare_finish, .stranger = true },
	{ "POST",   SSO "/acs",                             PERMIT_ANYONE,             SSO_BODY_MOST, sso_finish, sso_prepare_finish, .stranger = true },
	{ "GET",    SSO "/password",                        PERMIT_ANYONE,             0,      sso_page, sso_prepare_page, .stranger = true },
	{ "POST",   SSO "/password",                        PERMIT_ANYONE,             KB(16), sso_finish, sso_prepare_password, .stranger = true },
	{ "GET",    SSO "/metadata",                        PERMIT_ANYONE,             0,      sso_metadata, sso_prepare_metadata, .stranger = true },
	{ "GET",    SSO "/logout",                          PERMIT_ANYONE,             0,      sso_logout, sso_prepare_logout, .stranger = true },
	{ "POST",   SSO "/logout",                          PERMIT_ANYONE,             SSO_BODY_MOST, sso_logout, sso_prepare_logout, .stranger = true },
	{ "GET",    "/login",                               PERMIT_ANYONE,             0,      login_ask, login_prepare_ask, .stranger = true },
	{ "POST",   "/login",                               PERMIT_ANYONE,             KB(16), login_find, login_prepare_find, .stranger = true },
	{ "GET",    "/login/password",                      PERMIT_ANYONE,             0,      account_sign_on_ask, account_sign_on_prepare_ask, .stranger = true },
	{ "POST",   "/login/password",                      PERMIT_ANYONE,             KB(16), account_sign_on_check, account_sign_on_prepare_check, .stranger = true },
	{ "POST",   "/login/code",                          PERMIT_ANYONE,             KB(16), account_factor_check, account_factor_prepare_check, .stranger = true },
	{ "POST",   "/login/enrol",                         PERMIT_ANYONE,             KB(16), account_factor_enrol, account_factor_prepare_enrol, .stranger = true },
	{ "GET",    "/account",                             PERMIT_ANYONE,             0,      account_page_show, account_page_prepare_show, .stranger = true },
	{ "POST",   "/account",                             PERMIT_ANYONE,             KB(16), account_page_change, account_page_prepare_change, .stranger = true },
	{ "GET",    "/login/link",                          PERMIT_ANYONE,             0,      account_link_open, account_link_prepare_open, .stranger = true },
	{ "POST",   "/login/link",                          PERMIT_ANYONE,             KB(16), account_link_use, account_link_prepare_use, .stranger = true },
	{ "GET",    "/session",                             PERMIT_ANYONE,             0,      sessions_speaker, sessions_prepare_speaker, .stranger = true, .at_once = sessions_speaker_at_once },
	{ "GET",    "/verify/session",                      PERMIT_ANYONE,             0,      verify_session, verify_prepare_session, verify_session_parameters, .stranger = true, .at_once = verify_session_at_once },
	{ "GET",    "/logout",                              PERMIT_ANYONE,             0,      sessions_ask_logout },
	{ "POST",   "/logout",                              PERMIT_ANYONE,             KB(16), sessions_logout, sessions_prepare_logout, .stranger = true },

	{ "GET",    "/.well-known/openid-configuration",    PERMIT_ANYONE,             0,      openid_discovery, openid_prepare_discovery, .stranger = true },
	{ "GET",    "/openid/keys",                         PERMIT_ANYONE,             0,      openid_keys, openid_prepare_keys, .stranger = true },
	{ "GET",    "/openid/authorize",                    PERMIT_ANYONE,             0,      openid_authorize, openid_prepare_authorize, .stranger = true },
	{ "POST",   "/openid/authorize",                    PERMIT_ANYONE,             OPENID_BODY_MOST, openid_authorize, openid_prepare_authorize, .stranger = true },
	{ "POST",   "/openid/token",                        PERMIT_ANYONE,             OPENID_BODY_MOST, openid_token, openid_prepare_token, .stranger = true, .client = true },
	{ "GET",    "/openid/userinfo",                     PERMIT_ANYONE,             0,      openid_userinfo, openid_prepare_userinfo, .stranger = true },
	{ "POST",   "/openid/userinfo",                     PERMIT_ANYONE,             OPENID_BODY_MOST, openid_userinfo, openid_prepare_userinfo, .stranger = true },
	{ "POST",   "/openid/introspect",                   PERMIT_ANYONE,             OPENID_BODY_MOST, openid_introspect, openid_prepare_introspect, .stranger = true, .client = true },
	{ "POST",   "/openid/revoke",                       PERMIT_ANYONE,             OPENID_BODY_MOST, openid_revoke, openid_prepare_revoke, .stranger = true, .client = true },
	{ "GET",    "/openid/logout",                       PERMIT_ANYONE,             0,      openid_logout, openid_prepare_logout, .stranger = true },
	{ "POST",   "/openid/logout",                       PERMIT_ANYONE,             OPENID_BODY_MOST, openid_logout, openid_prepare_logout, .stranger = true },

	{ "GET",    SCIM "/Users",                          PERMIT_PUSH,               0,      scim_users_list, .scim = true, .ahead = scim_users_list_ahead },
	{ "POST",   SCIM "/Users",                          PERMIT_PUSH,               MB(1),  scim_users_create, .scim = true, .ahead = scim_users_create_ahead, .ahead_writes = true },
	{ "POST",   SCIM "/Users/.search",                  PERMIT_PUSH,               KB(64), scim_users_search, .scim = true },
	{ "GET",    SCIM "/Users/{resource}",               PERMIT_PUSH,               0,      scim_users_show, .scim = true, .ahead = scim_users_show_ahead },
	{ "PUT",    SCIM "/Users/{resource}",               PERMIT_PUSH,               MB(1),  scim_users_replace, .scim = true, .ahead = scim_users_lock_ahead },
	{ "PATCH",  SCIM "/Users/{resource}",               PERMIT_PUSH,               MB(1),  scim_users_patch, .scim = true, .ahead = scim_users_lock_ahead },
	{ "DELETE", SCIM "/Users/{resource}",               PERMIT_PUSH,               0,      scim_users_delete, .scim = true, .ahead = scim_users_lock_ahead },
	{ "GET",    SCIM "/Groups",                         PERMIT_PUSH,               0,      scim_groups_list, .scim = true, .ahead = scim_groups_list_ahead },
	{ "POST",   SCIM "/Groups",                         PERMIT_PUSH,               MB(8),  scim_groups_create, .scim = true, .ahead = scim_groups_create_ahead, .ahead_writes = true },
	{ "POST",   SCIM "/Groups/.search",                 PERMIT_PUSH,               KB(64), scim_groups_search, .scim = true },
	{ "GET",    SCIM "/Groups/{resource}",              PERMIT_PUSH,               0,      scim_groups_show, .scim = true, .ahead = scim_groups_show_ahead },
	{ "PUT",    SCIM "/Groups/{resource}",              PERMIT_PUSH,               MB(8),  scim_groups_replace, .scim = true, .ahead = scim_groups_lock_ahead },
	{ "PATCH",  SCIM "/Groups/{resource}",              PERMIT_PUSH,               MB(8),  scim_groups_patch, .scim = true, .ahead = scim_groups_lock_ahead },
	{ "DELETE", SCIM "/Groups/{resource}",              PERMIT_PUSH,               0,      scim_groups_delete, .scim = true, .ahead = scim_groups_lock_ahead },
	{ "POST",   SCIM "/oauth/token",                    PERMIT_PUSH,               KB(4),  scim_oauth_token, .scim = true, .client = true },
	{ "POST",   SCIM "/Bulk",                           PERMIT_PUSH,               SCIM_BULK_BODY_MOST, scim_bulk, .scim = true },
	{ "GET",    SCIM "/Me",                             PERMIT_PUSH,               0,      scim_me, .scim = true },
	{ "GET",    SCIM "/ServiceProviderConfig",          PERMIT_PUSH,               0,      scim_provider_config, .scim = true },
	{ "GET",    SCIM "/Schemas",                        PERMIT_PUSH,               0,      scim_schemas_list, .scim = true },
	{ "GET",    SCIM "/Schemas/{resource}",             PERMIT_PUSH,               0,      scim_schemas_show, .scim = true },
	{ "GET",    SCIM "/ResourceTypes",                  PERMIT_PUSH,               0,      scim_types_list, .scim = true },
	{ "GET",    SCIM "/ResourceTypes/{resource}",       PERMIT_PUSH,               0,      scim_types_show, .scim = true },
	{ 0 },
};
/* clang-format on */
