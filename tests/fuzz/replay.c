/* Gives a fuzz target every file of its corpus, as an ordinary test: a target that is not content ends the process.
 *
 * Usage: TARGET [FOLDER]; without a folder $SRCDIR/tests/fuzz/corpus/TARGET. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { FILE_MOST = 1 << 20 };

static int is_file_of_corpus(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In memory of exactly its size, so that the sanitizer sees what reads beyond it. */
static int replay(const char *folder, const char *name)
{
	static uint8_t bytes[FILE_MOST];
	char path[PATH_MAX];
	uint8_t *exact;
	size_t size;
	FILE *file;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return -1;
	file = fopen(path, "rb");
	if (!file)
		return -1;
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);

	exact = malloc(size > 0 ? size : 1);
	if (!exact)
		return -1;
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static const char *find_folder(int argc, char **argv, char ret[PATH_MAX])
{
	const char *slash = strrchr(argv[0], '/'), *source = getenv("SRCDIR");
	const char *name = slash ? slash + 1 : argv[0];

	if (argc > 1)
		return argv[1];
	snprintf(ret, PATH_MAX, "%s/tests/fuzz/corpus/%s", source ? source : ".",
	         strncmp(name, "lt-", 3) == 0 ? name + 3 : name); /* libtool's name for a program not yet installed */
	return ret;
}

int main(int argc, char **argv)
{
	char made[PATH_MAX];
	const char *folder = find_folder(argc, argv, made);
	struct dirent **files;
	int count = scandir(folder, &files, is_file_of_corpus, alphasort), failed = 0;

	if (count <= 0) {
		printf("Bail out! there is no corpus in \"%s\"\n", folder);
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		int result = replay(folder, files[i]->d_name);

		printf("%sok %d - %s\n", result < 0 ? "not " : "", i + 1, files[i]->d_name);
		fflush(stdout); /* the next one may end the process */
		failed += result < 0;
		free(files[i]);
	}
	free(files);
	return failed > 0;
}
