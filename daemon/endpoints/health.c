/* For load balancers and supervisors: anybody may ask, and nothing is told but whether requests can be
 * served. */
#include "endpoints/health.h"

#include "store/pool.h"

int health_show(struct exchange *x, struct error *e)
{
	struct json_writer w;
	bool well = store_ping(x->options->store, STORE_REQUEST, e) == 0;

	exchange_reply(x, well ? 200 : 503, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "status", well ? "ok" : "no database");
	json_put_text(&w, "version", x->options->version);
	json_end_object(&w);
	return 0;
}
