/* Sessions: who is signed in here, signing off, and what administrators see and end; and the sign-ons that led to them, with what was looked at. */
#ifndef ROSTERD_ENDPOINTS_SESSIONS_H
#define ROSTERD_ENDPOINTS_SESSIONS_H

#include "endpoints/exchange.h"

answer_fn sessions_prepare_speaker, sessions_speaker;
answer_fn sessions_prepare_logout, sessions_logout;
answer_fn sessions_ask_logout;

answer_fn sessions_list, sessions_end_all, sessions_end;
answer_fn sessions_list_of_member, sessions_end_of_member;
answer_fn sign_ons_list, sign_ons_show;
extern const char *const sign_ons_parameters[];

#endif
