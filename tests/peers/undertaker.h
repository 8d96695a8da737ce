/* What a test program has started ends with it, however the program ends: a child of ours outlives it, and
 * cleans up when the pipe between them closes. */
#ifndef ROSTERD_TESTS_UNDERTAKER_H
#define ROSTERD_TESTS_UNDERTAKER_H

/* When this program is gone: runs "SCRIPT stop FOLDER", and removes the folder. Both are copied. One a program, which is
 * ended if that fails. */
void undertaker_leave(const char *script, const char *folder);
/* The same at once, and waits until it is done. Without undertaker_leave nothing happens. */
void undertaker_call(void);

#endif
