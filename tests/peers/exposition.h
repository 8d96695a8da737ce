/* Reads Prometheus' text format 0.0.4 more strictly than Prometheus does. */
#ifndef ROSTERD_TESTS_PEERS_EXPOSITION_H
#define ROSTERD_TESTS_PEERS_EXPOSITION_H

#include <stddef.h>

/* 0: each line is by the rules. Otherwise the number of the first that is not, and why in ret. Beyond the format: HELP and
 * TYPE stand before the samples of a family, and these together; no series stands twice; counters end with _total and are not
 * negative; buckets ascend, do not fall, and end with +Inf, which is the count. */
size_t exposition_check(const char *text, char *ret, size_t size);

#endif
