/* Prints every setting there is: "FILE SECTION.NAME = DEFAULT", for tests/settings.sh;
 * with an argument, the names of those that wait for a restart alone. */
#include <stdio.h>

#include "config.h"

static void print_form(const char *file, const struct settings_form *form)
{
	for (const struct setting *row = form->rows; row->name; row++)
		printf("%s %s%s%s = %s\n", file, form->section, *form->section ? "." : "", row->name,
		       row->built_in   ? "(built in)"
		       : row->fallback ? row->fallback
				       : "(none)");
}

static void print_forms(const char *file, const struct settings_form *const *forms)
{
	for (; *forms; forms++)
		print_form(file, *forms);
}

static void print_restart(const struct settings_form *form)
{
	for (const struct setting *row = form->rows; row->name; row++)
		if (row->restart)
			printf("%s%s%s\n", form->section, *form->section ? "." : "", row->name);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		for (const struct settings_form *const *form = config_forms(); *form; form++)
			print_restart(*form);
		return 0;
	}
	print_forms("rosterd.conf", config_forms());
	print_forms("organisation", orgfile_forms());
	return 0;
}
