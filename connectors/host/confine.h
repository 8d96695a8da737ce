/* What the child gives up before a line of the plug-in runs, beside what the daemon took from it (plugin/host).
 *
 * Two steps, because a plug-in's libraries have to be found and mapped before the files are taken away. The plug-in's
 * constructors run between the two: they see system libraries and nothing else, and can write nothing. */
#ifndef CONNECTORS_HOST_CONFINE_H
#define CONNECTORS_HOST_CONFINE_H

#include "base/error.h"

/* No capabilities, not dumpable; of all files only the plug-in's own (plugin_fd) and system libraries readable. */
int confine_for_loading(int plugin_fd, struct error *e);

/* Of all files only certificates, locales and time zones readable; no system call but those of a program that computes,
 * talks over sockets that it was given, and waits. */
int confine_for_serving(struct error *e);

#endif
