#include "saml/inflate.h"

#include <zlib.h>

int inflate_bounded(const uint8_t *bytes, size_t size, uint8_t *ret, size_t most)
{
	z_stream stream = {
		.next_in = (Bytef *)bytes, .avail_in = (uInt)size, .next_out = ret, .avail_out = (uInt)most
	};
	int result;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return -1;
	result = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return result == Z_STREAM_END && stream.avail_in == 0 ? (int)stream.total_out : -1;
}
