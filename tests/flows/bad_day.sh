#!/bin/bash
# A directory's bad day: what it answers is not all, or not true. Whoever is still there keeps their membership, their groups and their
# role each time; the run says why it proves nothing; and a healthy run afterwards makes the roster what the directory is.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
. "$SRCDIR/tests/flows/misbehaving.sh"

fault "nobody at all" 'empty 2' 'done incomplete' 'shows nobody under'
fault "no groups" 'empty 1' 'done incomplete' 'shows nobody under'
fault "a size limit" 'limit 144 4' 'done incomplete' 'reading people .*ended after 120: size limit exceeded'
fault "a time limit" 'limit 130 3' 'done incomplete' 'time limit exceeded'
fault "an administrative limit among the groups" 'limit 11 11' 'done incomplete' 'reading groups .*administrative limit exceeded'
fault "busy" 'result 4 51' failed 'busy'
fault "a referral in place of a page" 'result 5 10' 'done incomplete' 'referral'
fault "the base is gone" 'result 3 32' failed 'no such object'
fault "rights taken in the middle" 'result 6 50' failed 'insufficient access'
fault "parts on other servers" 'references 4 2' 'done incomplete' '2 parts of .* are on other servers'
fault "a page that comes two times" 'again 4' 'done whole' 'result 0'
fault "rights to a quarter of the people taken" 'hide 1 4' held 'active members would be suspended'
fault "nothing after three pages" 'empty 5' 'done incomplete' 'there when asked for by key'
fault "half of the pages" 'short 4' 'done incomplete' 'there when asked for by key'
fault "half of the pages, and no word of pages" 'uncontrolled 4' 'done incomplete' 'there when asked for by key'
fault "entries left out" 'lose 3 40' 'done incomplete' 'there when asked for by key'
fault "the page before in place of one" 'twice 4' failed 'came before'
fault "one page in place of the next" 'twice 5' 'done incomplete' 'there when asked for by key'
done_testing
