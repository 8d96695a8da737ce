/* How PostgreSQL writes values in binary: type numbers, network byte order, its own epoch. For the rooms of
 * store/ alone. */
#ifndef ROSTERD_STORE_BINARY_H
#define ROSTERD_STORE_BINARY_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* From pg_type.dat; these numbers never change. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_JSON = 114,
	OID_TEXTS = 1009,
	OID_VARCHAR = 1043,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_UUIDS = 2951,
	OID_JSONB = 3802,
};

enum { BINARY_JSONB_VERSION = 1 };

/* Instants count from 2000-01-01 there and from 1970-01-01 here. The extremes are its -infinity and infinity. */
#define BINARY_EPOCH_US INT64_C(946684800000000)

static inline int64_t binary_from_time(int64_t us)
{
	if (us == INT64_MAX || us < INT64_MIN + BINARY_EPOCH_US)
		return us == INT64_MAX ? INT64_MAX : INT64_MIN;
	return us - BINARY_EPOCH_US;
}

static inline int64_t binary_to_time(int64_t us)
{
	if (us == INT64_MIN || us > INT64_MAX - BINARY_EPOCH_US)
		return us == INT64_MIN ? INT64_MIN : INT64_MAX;
	return us + BINARY_EPOCH_US;
}

static inline char *binary_put16(char *to, uint16_t value)
{
	value = htobe16(value);
	memcpy(to, &value, sizeof value);
	return to + sizeof value;
}

static inline char *binary_put32(char *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof value);
	return to + sizeof value;
}

static inline char *binary_put64(char *to, uint64_t value)
{
	value = htobe64(value);
	memcpy(to, &value, sizeof value);
	return to + sizeof value;
}

static inline int16_t binary_get16(const char *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof value);
	return (int16_t)be16toh(value);
}

static inline int32_t binary_get32(const char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof value);
	return (int32_t)be32toh(value);
}

static inline int64_t binary_get64(const char *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof value);
	return (int64_t)be64toh(value);
}

#endif
