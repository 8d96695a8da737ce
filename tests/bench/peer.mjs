// The public peer of tests/bench/peer.sh: an HTTP server around the package @boxyhq/saml-jackson (Ory Polis) as an application embeds it,
// with one directory that is pushed into. The package's own code answers; here its words are only carried.
//
//     node peer.mjs FOLDER DATABASE-URL SOCKET
//
// FOLDER has node_modules. Prints "DIRECTORY SECRET" once it listens.
import http from 'node:http';
import { createRequire } from 'node:module';

const [, , folder, url, socket] = process.argv;
const require = createRequire(folder + '/package.json');
const jackson = require('@boxyhq/saml-jackson').default ?? require('@boxyhq/saml-jackson');
const peer = await jackson({
	externalUrl: 'http://127.0.0.1', samlAudience: 'https://sp.example', samlPath: '/acs', scimPath: '/scim/v2.0', noAnalytics: true,
	db: { engine: 'sql', type: 'postgres', url, ttl: 300, cleanupLimit: 1000 },
	dsync: { callback: async () => {} }, // what the application would do with it
	logger: { info() {}, warn() {}, error() {} },
});
const directories = peer.directorySyncController;

function send(answer, status, body) {
	const text = JSON.stringify(body ?? {});
	answer.writeHead(status, { 'content-type': 'application/scim+json', 'content-length': Buffer.byteLength(text) });
	answer.end(text);
}

async function handle(request, body) {
	const at = new URL(request.url, 'http://x'), query = at.searchParams;
	const [, , , directoryId, resourceType, resourceId] = at.pathname.split('/');
	const number = (name) => (query.get(name) ? Number(query.get(name)) : undefined);

	return directories.requests.handle({
		method: request.method, body: body ? JSON.parse(body) : undefined, directoryId, resourceType, resourceId,
		apiSecret: (request.headers.authorization ?? '').replace('Bearer ', ''),
		query: { count: number('count'), startIndex: number('startIndex'), filter: query.get('filter') ?? undefined },
	});
}

const { data, error } = await directories.directories.create({ tenant: 'bench', product: 'bench', name: 'bench', type: 'generic-scim-v2' });
if (error)
	throw new Error(error.message);
http.createServer((request, answer) => {
	const pieces = [];

	request.on('data', (piece) => pieces.push(piece));
	request.on('end', () => handle(request, Buffer.concat(pieces).toString()).then(
		(done) => send(answer, done.status, done.data),
		(failed) => send(answer, failed?.statusCode ?? 500, { detail: String(failed?.message ?? failed) })));
}).listen(socket, () => console.log(data.id, data.scim.secret));
