#include "http/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

int address_parse(const char *text, struct address *ret)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		memcpy(ret->bytes, mapped, sizeof(mapped));
		memcpy(ret->bytes + sizeof(mapped), &v4, sizeof(v4));
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return -1;
	memcpy(ret->bytes, &v6, sizeof(v6));
	return 0;
}

int address_from_socket(const struct sockaddr *from, struct address *ret)
{
	if (from->sa_family == AF_INET) {
		memcpy(ret->bytes, mapped, sizeof(mapped));
		memcpy(ret->bytes + sizeof(mapped), &((const struct sockaddr_in *)from)->sin_addr, 4);
		return 0;
	}
	if (from->sa_family != AF_INET6)
		return -1;
	memcpy(ret->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof(ret->bytes));
	return 0;
}

bool address_is_v4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

void address_text(const struct address *address, char ret[64])
{
	if (address_is_v4(address))
		inet_ntop(AF_INET, address->bytes + sizeof(mapped), ret, 64);
	else
		inet_ntop(AF_INET6, address->bytes, ret, 64);
}

static int read_network(const char *word, struct network *ret)
{
	char text[64];
	const char *slash = strchr(word, '/');
	size_t length = slash ? (size_t)(slash - word) : strlen(word);
	int64_t bits = 128;
	int most;

	if (length >= sizeof(text))
		return -1;
	memcpy(text, word, length);
	text[length] = '\0';
	if (address_parse(text, &ret->address) < 0)
		return -1;

	most = strchr(text, ':') ? 128 : 32;
	if (slash && (text_to_int64(slash + 1, &bits) < 0 || bits < 0 || bits > most))
		return -1;
	ret->bits = (int)(slash ? bits + 128 - most : 128);
	return 0;
}

int networks_read(struct networks *networks, const char *const *words, const char **ret_bad)
{
	networks->count = 0;
	for (; words && *words; words++) {
		*ret_bad = networks->count < NETWORKS_MOST ? *words : NULL;
		if (networks->count == NETWORKS_MOST ||
		    read_network(*words, &networks->networks[networks->count]) < 0)
			return -1;
		networks->count++;
	}
	return 0;
}

static bool lies_in(const struct network *network, const struct address *address)
{
	int whole = network->bits / 8, rest = network->bits % 8;

	if (memcmp(network->address.bytes, address->bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool networks_hold(const struct networks *networks, const struct address *address)
{
	for (size_t i = 0; i < networks->count; i++)
		if (lies_in(&networks->networks[i], address))
			return true;
	return false;
}
