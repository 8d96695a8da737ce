/* The functions behind the table of commands, by the file that has them. */
#ifndef ROSTERCTL_HANDLERS_H
#define ROSTERCTL_HANDLERS_H

#include "rosterctl/arguments.h"

/* organisation.c */
command_fn organisation_create, organisation_list, organisation_show, organisation_set, organisation_owner,
	organisation_delete, organisation_restore;
command_fn domain_add, domain_check, domain_list, domain_remove, domain_show, domain_sso_only;

/* ownership.c */
command_fn ownership_show, ownership_offer, ownership_accept, ownership_decline, ownership_withdraw, ownership_recover,
	ownership_confirm;

/* connection.c */
command_fn connection_create, connection_list, connection_show, connection_set, connection_delete,
	connection_test, connection_setup_link, connection_refused, connection_notifications, connection_replace, connection_restore, connection_same_directory, connection_resolve, precedence_show, precedence_set;
command_fn plugin_list, plugin_show;

/* scim.c */
command_fn scim_tokens, scim_token_create, scim_token_revoke, scim_trace;

/* account.c */
command_fn account_list, account_show, account_link, account_delete, account_break_glass, account_second_factor, account_policy;

/* sign_on.c */
command_fn session_list_all, session_end_some, sso_list, sso_explain, sso_test;

/* event.c */
command_fn event_endpoint_list, event_endpoint_create, event_endpoint_show, event_endpoint_set, event_endpoint_delete,
	event_endpoint_rotate, event_endpoint_replay, event_endpoint_test, event_passed_over;

/* client.c */
command_fn client_list, client_create, client_show, client_set, client_rotate, client_delete, client_adopt;
command_fn signing_key_list, signing_key_roll;

/* sync.c */
command_fn sync_run, sync_plan, sync_list, sync_show, sync_changes, sync_approve, sync_drop;

/* member.c */
command_fn member_list, member_add, member_show, member_explain, member_role, member_suspend, member_restore, member_remove;
command_fn group_list, group_members;

/* access.c */
command_fn permission_list, permission_check;
command_fn token_create, token_list, token_adopt, token_rotate, token_revoke;
command_fn whoami_show;

/* master_key.c */
command_fn master_key_list, master_key_reseal;

/* reload.c */
command_fn configuration_reload;
command_fn organisation_adopt, domain_adopt, connection_adopt;

/* audit.c */
command_fn audit_list;

/* audit_export.c */
command_fn audit_export, audit_head, audit_verify;

/* about.c */
command_fn about_metrics, about_status, about_version;

/* doctor.c */
command_fn doctor_examine;

/* check.c */
command_fn check_saml, check_metadata, check_jws;

/* bundle.c */
command_fn support_bundle;

/* help.c, completion.c */
command_fn help_command;
command_fn completion_bash, completion_zsh, completion_fish;

#endif
