/* What schema/openapi.yaml says that an address may answer. */
#ifndef ROSTERD_TESTS_FLOWS_DESCRIBED_H
#define ROSTERD_TESTS_FLOWS_DESCRIBED_H

/* Reads the document; a test program that cannot ends. */
void described_open(const char *path);

/* Fails the test if the document has this operation and does not list this status for it. 500 and above are its `default`. What is no
 * address, or no method of one, is nobody's operation. */
void described_check(const char *method, const char *target, int status);

#endif
