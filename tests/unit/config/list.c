/* Prints every setting there is: "FILE SECTION.NAME = DEFAULT", for tests/settings.sh. */
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

int main(void)
{
	print_forms("rosterd.conf", config_forms());
	print_forms("organisation", orgfile_forms());
	return 0;
}
