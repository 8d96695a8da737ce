/* UUIDs of version 7 that ascend within a process: RFC 9562, section 6.2, method 1. */
#include "base/id.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum {
	COUNTER_LOW_BITS = 14, /* below the variant */
	COUNTER_MOST = (1 << 26) - 1,
	COUNTER_START_MOST =
		(1 << 25) - 1, /* each millisecond begins in the lower half, so that it can grow */
	TEXT_LENGTH = ID_TEXT_SIZE - 1,
	PORTION = 240, /* bytes of randomness that a thread asks for at a time; up to 256 come whole */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint32_t last_counter;

struct place {
	uint64_t ms;
	uint32_t counter;
};

/* The next place in the order. A clock that was set back does not set the ids back. */
static struct place next_place(uint64_t now_ms, uint32_t start)
{
	struct place place;

	pthread_mutex_lock(&lock);
	if (now_ms > last_ms) {
		last_ms = now_ms;
		last_counter = start;
	} else if (last_counter < COUNTER_MOST) {
		last_counter++;
	} else {
		last_ms++;
		last_counter = start;
	}
	place = (struct place){ last_ms, last_counter };
	pthread_mutex_unlock(&lock);
	return place;
}

/* In portions, since a question to the kernel costs more than all the rest. A child of ours has other code before it needs an id (execve). */
static void take_random(void *ret, size_t size)
{
	static _Thread_local uint8_t portion[PORTION];
	static _Thread_local size_t left;

	if (left < size) {
		/* So few bytes come whole, or the kernel has no randomness to give and nothing here may go on. */
		if (getrandom(portion, sizeof(portion), 0) != (ssize_t)sizeof(portion))
			memory_exhausted("randomness for an id", sizeof(portion));
		left = sizeof(portion);
	}
	left -= size;
	memcpy(ret, portion + left, size);
	explicit_bzero(portion + left, size);
}

struct id id_new(void)
{
	struct {
		uint32_t start;
		uint8_t tail[6];
	} random;
	struct place place;
	struct id id;
	uint32_t high, low;

	take_random(&random, sizeof(random));

	place = next_place((uint64_t)clock_now_us() / 1000, random.start & COUNTER_START_MOST);
	high = place.counter >> COUNTER_LOW_BITS;
	low = place.counter & ((1 << COUNTER_LOW_BITS) - 1);
	for (int i = 0; i < 6; i++)
		id.bytes[i] = (uint8_t)(place.ms >> (40 - 8 * i));
	id.bytes[6] = (uint8_t)(0x70 | high >> 8);
	id.bytes[7] = (uint8_t)high;
	id.bytes[8] = (uint8_t)(0x80 | low >> 8);
	id.bytes[9] = (uint8_t)low;
	memcpy(id.bytes + 10, random.tail, sizeof(random.tail));
	return id;
}

static bool is_hyphen_place(int at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

const char *id_text(const struct id *id, char ret[ID_TEXT_SIZE])
{
	char hex[2 * ID_SIZE + 1];
	const char *from = hex;

	text_hex(id->bytes, ID_SIZE, hex);
	for (int i = 0; i < TEXT_LENGTH; i++)
		ret[i] = is_hyphen_place(i) ? '-' : *from++;
	ret[TEXT_LENGTH] = '\0';
	return ret;
}

int id_parse(const char *text, struct id *ret)
{
	char hex[2 * ID_SIZE];
	char *to = hex;

	if (!text || strlen(text) != TEXT_LENGTH)
		return -1;
	for (int i = 0; i < TEXT_LENGTH; i++) {
		if (!is_hyphen_place(i))
			*to++ = text[i];
		else if (text[i] != '-')
			return -1;
	}
	return text_unhex(hex, sizeof(hex), ret->bytes, ID_SIZE) == ID_SIZE ? 0 : -1;
}

bool id_equal(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, ID_SIZE) == 0;
}

bool id_is_nil(const struct id *id)
{
	static const struct id nil;

	return id_equal(id, &nil);
}
