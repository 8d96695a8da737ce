/* Takes people, customers and machines out of a text. */
#include "rosterctl/scrub.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SENTENCE_LEAST = 4, /* bytes of a text among constants; shorter ones may be numbers that look like one */
	WORD_MOST = 40,
	DIGITS_MOST = 6, /* of a number that stays: microseconds of a time have as many */
	UUID_LENGTH = 36,
	ERRNO_MOST = 134,
};

struct vocabulary {
	char **words; /* sorted, lower case */
	size_t count, size;
};

/* ---- characters ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes of UTF-8 beyond ASCII count as letters. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_printable(char c)
{
	return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t';
}

static void lower(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] + ('a' - 'A') : from[i]);
	to[length] = '\0';
}

/* ---- the words that we know ---- */

static void learn_word(struct vocabulary *v, const char *word, size_t length)
{
	if (length < 2 || length > WORD_MOST || v->count == SCRUB_WORDS_MOST)
		return;
	if (v->count == v->size) {
		v->size = v->size ? v->size * 2 : 4096;
		v->words = realloc(v->words, v->size * sizeof(*v->words));
		if (!v->words)
			abort();
	}
	char *copy = malloc(length + 1);
	if (!copy)
		abort();
	lower(copy, word, length);
	v->words[v->count++] = copy;
}

static void learn_text(struct vocabulary *v, const char *text, size_t length)
{
	for (size_t at = 0, end; at < length; at = end) {
		for (end = at; end < length && is_letter(text[end]); end++)
			;
		learn_word(v, text + at, end - at);
		end += end == at;
	}
}

/* Texts among constants: printable, and ended by NUL. */
static void learn_constants(struct vocabulary *v, const char *bytes, size_t size)
{
	for (size_t at = 0, end; at < size; at = end + 1) {
		for (end = at; end < size && is_printable(bytes[end]); end++)
			;
		if (end < size && bytes[end] == '\0' && end - at >= SENTENCE_LEAST)
			learn_text(v, bytes + at, end - at);
	}
}

/* The section ".rodata" of an ELF file; every place is checked, since a file may say anything. */
static void learn_elf(struct vocabulary *v, const char *bytes, size_t size)
{
	Elf64_Ehdr head;
	Elf64_Shdr names, section;

	if (size < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_shentsize != sizeof(section) || head.e_shstrndx >= head.e_shnum || head.e_shoff > size ||
	    (size - head.e_shoff) / sizeof(section) < head.e_shnum)
		return;
	memcpy(&names, bytes + head.e_shoff + head.e_shstrndx * sizeof(section), sizeof(names));
	for (size_t i = 0; i < head.e_shnum; i++) {
		memcpy(&section, bytes + head.e_shoff + i * sizeof(section), sizeof(section));
		size_t name = names.sh_offset + section.sh_name;

		if (name < size && size - name > sizeof(".rodata") && memcmp(bytes + name, ".rodata", sizeof(".rodata")) == 0 &&
		    section.sh_offset < size && section.sh_size <= size - section.sh_offset)
			learn_constants(v, bytes + section.sh_offset, section.sh_size);
	}
}

static void learn_program(struct vocabulary *v, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat is;

	if (fd >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_size > 0 && is.st_size <= SCRUB_PROGRAM_MOST) {
		size_t size = (size_t)is.st_size;
		void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (bytes != MAP_FAILED) {
			learn_elf(v, bytes, size);
			munmap(bytes, size);
		}
	}
	if (fd >= 0)
		close(fd);
}

static int by_letters(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct vocabulary *vocabulary_open(const char *program)
{
	struct vocabulary *v = calloc(1, sizeof(*v));

	if (!v)
		abort();
	learn_program(v, program);
	for (int number = 1; v->count > 0 && number < ERRNO_MOST; number++)
		learn_text(v, strerror(number), strlen(strerror(number)));
	if (v->count > 0)
		qsort(v->words, v->count, sizeof(*v->words), by_letters);
	return v;
}

void vocabulary_close(struct vocabulary **vocabulary)
{
	struct vocabulary *v = *vocabulary;

	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++)
		free(v->words[i]);
	free(v->words);
	free(v);
	*vocabulary = NULL;
}

size_t vocabulary_count(const struct vocabulary *vocabulary)
{
	return vocabulary->count;
}

static bool knows(const struct vocabulary *v, const char *word, size_t length)
{
	char copy[WORD_MOST + 1];
	const char *key = copy;

	if (length > WORD_MOST)
		return false;
	lower(copy, word, length);
	return v->count > 0 && bsearch(&key, v->words, v->count, sizeof(*v->words), by_letters);
}

/* ---- names that are words ---- */

static void forget_word(struct vocabulary *v, const char *word, size_t length)
{
	char copy[WORD_MOST + 1];
	const char *key = copy;

	if (length > WORD_MOST || v->count == 0)
		return;
	lower(copy, word, length);
	for (char **found; v->count > 0 && (found = bsearch(&key, v->words, v->count, sizeof(*v->words), by_letters));) {
		free(*found);
		v->count--;
		memmove(found, found + 1, (size_t)(v->words + v->count - found) * sizeof(*v->words));
	}
}

static void forget_words(struct vocabulary *v, const char *name, size_t length)
{
	for (size_t at = 0, end; at < length; at = end) {
		for (end = at; end < length && is_letter(name[end]); end++)
			;
		forget_word(v, name + at, end - at);
		end += end == at;
	}
}

void vocabulary_forget(struct vocabulary *v, const char *name)
{
	forget_words(v, name, strlen(name));
}

/* What slugs and names of connections are made of. */
static size_t name_length(const char *at, size_t left)
{
	size_t length = 0;

	while (length < left && (is_letter(at[length]) || is_digit(at[length]) || strchr("-._", at[length])) && at[length])
		length++;
	return length;
}

static bool stands(const char *at, size_t left, const char *text)
{
	return left >= strlen(text) && memcmp(at, text, strlen(text)) == 0;
}

/* A name at the beginning of a word, which what is behind it shows to be one. */
static void forget_shown(struct vocabulary *v, const char *at, size_t left)
{
	static const char *const methods[] = { ": GET ", ": POST ", ": PATCH ", ": PUT ", ": DELETE ", NULL };
	size_t length = name_length(at, left), second;

	if (length == 0)
		return;
	for (const char *const *method = methods; *method; method++)
		if (stands(at + length, left - length, *method))
			forget_words(v, at, length);
	if (length == left || at[length] != '/')
		return;
	second = name_length(at + length + 1, left - length - 1);
	if (second > 0 && (length + 1 + second == left || at[length + 1 + second] != '/'))
		forget_words(v, at, length + 1 + second);
}

/* What stands in quotes behind one of these words; in a log of JSON these are members. */
static void forget_quoted(struct vocabulary *v, const char *at, size_t left)
{
	static const char *const before[] = { "organisation \"", "connection \"", "organisation\":\"", "connection\":\"",
					      "organisation \\\"", "connection \\\"", NULL };

	for (const char *const *words = before; *words; words++)
		if (stands(at, left, *words))
			forget_words(v, at + strlen(*words), name_length(at + strlen(*words), left - strlen(*words)));
}

void vocabulary_forget_named(struct vocabulary *v, const char *text, size_t length)
{
	for (size_t at = 0; at < length; at++) {
		bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '"' || text[at - 1] == '\n';

		if (begins)
			forget_shown(v, text + at, length - at);
		forget_quoted(v, text + at, length - at);
	}
}

/* ---- what goes, and what stays ---- */

static bool is_uuid(const char *at, size_t left)
{
	if (left < UUID_LENGTH || (left > UUID_LENGTH && is_hex(at[UUID_LENGTH])))
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? at[i] != '-' : !is_hex(at[i]))
			return false;
	return true;
}

/* "192.0.2.7": four numbers and three points. */
static size_t ipv4_length(const char *at, size_t left)
{
	size_t length = 0, points = 0;

	while (length < left && (is_digit(at[length]) || (at[length] == '.' && points < 3)))
		points += at[length++] == '.';
	return points == 3 && is_digit(at[length - 1]) ? length : 0;
}

/* Hexadecimal digits with two colons or more, and a letter or a pair of colons; times have neither. */
static size_t ipv6_length(const char *at, size_t left)
{
	size_t length = 0, colons = 0;
	bool sure = false;

	for (; length < left && (is_hex(at[length]) || at[length] == ':'); length++) {
		colons += at[length] == ':';
		sure |= (is_hex(at[length]) && !is_digit(at[length])) ||
			(length > 0 && at[length] == ':' && at[length - 1] == ':');
	}
	return colons >= 2 && sure ? length : 0;
}

/* "ada.l+x@acme.example": what stands around an "@" up to the next blank, quote, bracket or comma. */
static size_t address_length(const char *at, size_t left)
{
	size_t length = 0;
	bool has_at = false;

	for (; length < left && !strchr(" \t\n\"'<>()[]{},;", at[length]); length++)
		has_at |= at[length] == '@';
	return has_at ? length : 0;
}

static size_t digits_length(const char *at, size_t left)
{
	size_t length = 0;

	while (length < left && is_digit(at[length]))
		length++;
	return length;
}

static size_t letters_length(const char *at, size_t left)
{
	size_t length = 0;

	while (length < left && is_letter(at[length]))
		length++;
	return length;
}

/* A word, a number or a sign; returns how many bytes were used. */
static size_t scrub_piece(const struct vocabulary *v, const char *at, size_t left, struct buffer *to)
{
	size_t length = digits_length(at, left);

	if (length > DIGITS_MOST) {
		buffer_text(to, "#");
		return length;
	}
	if (length == 0 && (length = letters_length(at, left)) > 1 && !knows(v, at, length)) {
		buffer_text(to, "*");
		return length;
	}
	length += length == 0;
	buffer_add(to, at, length);
	return length;
}

/* What is recognised as a whole, at the beginning of a word: its length and what stands in its place. */
static size_t whole_length(const char *at, size_t left, const char **ret_instead)
{
	size_t length;

	*ret_instead = NULL;
	if (is_uuid(at, left))
		return UUID_LENGTH;
	*ret_instead = "<address>";
	if ((length = address_length(at, left)) > 0)
		return length;
	*ret_instead = "<ip>";
	return (length = ipv4_length(at, left)) > 0 ? length : ipv6_length(at, left);
}

void scrub(const struct vocabulary *v, const char *text, size_t length, struct buffer *to)
{
	const char *instead;
	bool begins = true; /* a word does */

	for (size_t at = 0, used; at < length; at += used) {
		bool in_word = is_letter(text[at]) || is_digit(text[at]);

		used = begins ? whole_length(text + at, length - at, &instead) : 0;
		if (used > 0)
			instead ? buffer_text(to, instead) : buffer_add(to, text + at, used);
		else
			used = scrub_piece(v, text + at, length - at, to);
		begins = !in_word;
	}
}
