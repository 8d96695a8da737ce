#include "endpoints/sender.h"

#include <string.h>

#include "base/crypt.h"
#include "http/network.h"

enum { IPV6_NETWORK_BITS = 64 };

struct id sender_of(const struct request *request, const struct id *what)
{
	uint8_t digest[CRYPT_DIGEST_SIZE], bytes[ID_SIZE + sizeof(struct address)] = { 0 };
	struct address address;
	struct id id;

	memcpy(bytes, what->bytes, ID_SIZE);
	if (address_parse(request->address, &address) == 0)
		memcpy(bytes + ID_SIZE, address.bytes, address_is_v4(&address) ? sizeof(address.bytes) : IPV6_NETWORK_BITS / 8);
	crypt_sha256(bytes, sizeof(bytes), digest);
	memcpy(id.bytes, digest, ID_SIZE);
	return id;
}
