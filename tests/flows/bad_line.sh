#!/bin/bash
# A directory's bad day: the connection to it. It is cut, freezes, brings what is no LDAP, or pages without end; nobody is the worse for it.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
. "$SRCDIR/tests/flows/misbehaving.sh"

fault "the same cookie for ever" 'same_cookie 3' failed 'page 3: it begins with an entry that came before'
fault "empty pages for ever" 'endless 3' failed 'more than 1000 pages in a row are empty'
fault "pages in a ring" 'ring 2' failed 'came before'
fault "the answer to another question" 'wrong_id 3' failed 'no answer for'
fault "an answer to the question before" 'other_id 3' failed 'no answer for'
fault "hung up between pages" 'cut 3' failed 'closed the connection'
fault "hung up within a page" 'cut_inside 4' failed 'closed the connection'
fault "hung up after a thousand bytes" 'cut_byte 1000' failed 'closed the connection'
fault "reset" 'reset_byte 40000' failed 'broke|closed the connection'
fault "frozen" 'freeze 3' failed 'no answer for'
fault "frozen within a message" 'freeze_byte 50001' failed 'no answer for'
fault "slow" 'delay 2 300' 'done whole' 'result 0'
fault "garbage" 'garbage 3 64' failed 'the answer is not LDAP'
fault "a message that is too large" 'oversized 3' failed 'the answer is not LDAP'
fault "lengths that do not fit" 'nested 3' failed 'an entry cannot be decoded'
fault "clocks that jumped" 'clock 1 -30' 'done whole' 'result 0'
done_testing
