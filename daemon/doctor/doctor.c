#include "doctor/doctor.h"

void doctor_look(const struct doctor_options *options, struct report *report)
{
	doctor_files(options, report);
	doctor_host(options, report);
	doctor_plugins(options, report);
	doctor_database(options, report);
}
