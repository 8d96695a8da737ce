/* Sessions: who is signed in here, signing off, and what administrators see and end. */
#ifndef ROSTERD_ENDPOINTS_SESSIONS_H
#define ROSTERD_ENDPOINTS_SESSIONS_H

#include "endpoints/exchange.h"

answer_fn sessions_speaker_at_once, sessions_prepare_speaker, sessions_speaker;
answer_fn sessions_prepare_logout, sessions_logout;
answer_fn sessions_ask_logout;

answer_fn sessions_list, sessions_end_all, sessions_end;
answer_fn sessions_list_of_member, sessions_end_of_member;

#endif
