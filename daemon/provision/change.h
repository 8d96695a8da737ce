/* The kinds of change and their words: the same in a plan, in a run's counts and as the action of the audit entry. */
#ifndef ROSTERD_PROVISION_CHANGE_H
#define ROSTERD_PROVISION_CHANGE_H

#define CHANGE_JOINED "member.joined"
#define CHANGE_UPDATED "member.updated"
#define CHANGE_ROLE "member.role_changed"
#define CHANGE_SUSPENDED "member.suspended"
#define CHANGE_RESTORED "member.restored"
#define CHANGE_KEPT "member.kept" /* the connection was deleted, the member stays */
#define CHANGE_HANDED_OVER "member.handed_over" /* another connection's word counts now */

/* No seat is free: somebody who joins or comes back, and somebody whose new role takes one. And somebody who waited and is gone. */
#define CHANGE_WAITING "member.waiting"
#define CHANGE_ROLE_WAITING "member.role_waiting"
#define CHANGE_WITHDRAWN "member.withdrawn"

/* A token that goes with the person whom it speaks for, or who answers for it, and comes back with them. */
#define CHANGE_TOKEN_SUSPENDED "token.suspended"
#define CHANGE_TOKEN_RESTORED "token.restored"

/* A token with which the directory of a connection pushes: it ends with the connection, and comes back with it. */
#define CHANGE_PUSH_SUSPENDED "connection.token_suspended"
#define CHANGE_PUSH_RESTORED "connection.token_restored"

/* An account that changes nothing about a membership: of somebody suspended there, or of a member by another way. */
#define CHANGE_ACCOUNT_SEEN "account.seen"
#define CHANGE_ACCOUNT_LINKED "account.linked"
#define CHANGE_ACCOUNT_UPDATED "account.updated"
#define CHANGE_ACCOUNT_GONE "account.gone"

/* A known person's address belongs to a domain that has been proven since. */
#define CHANGE_ADDRESS_PROVEN "address.proven"

/* Of somebody who is gone: it was handed on, and a person has said so. */
#define CHANGE_ADDRESS_GIVEN_UP "address.given_up"

#define CHANGE_GROUP_CREATED "group.created"
#define CHANGE_GROUP_UPDATED "group.updated"
#define CHANGE_GROUP_REMOVED "group.removed"
#define CHANGE_GROUP_MEMBER_ADDED "group.member_added"
#define CHANGE_GROUP_MEMBER_REMOVED "group.member_removed"
#define CHANGE_GROUP_GROUP_ADDED "group.group_added"
#define CHANGE_GROUP_GROUP_REMOVED "group.group_removed"

#endif
