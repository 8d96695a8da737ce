// An application that is told of the end of sessions: a real HTTP server that judges each logout token with jose, by the keys that the issuer
// publishes, and writes a line to LOG for each.  Usage: node listener.mjs PORT ISSUER CLIENT LOG; while LOG.sick is there it answers 503.
import { createServer } from 'node:http'
import { appendFileSync, existsSync } from 'node:fs'
import { webcrypto } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'

globalThis.crypto ??= webcrypto

const [port, issuer, audience, log] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(`${issuer}/openid/keys`), { cooldownDuration: 0 })
const kind = 'http://schemas.openid.net/event/backchannel-logout'

async function judge(request, body) {
	if (request.method !== 'POST' || request.headers['content-type'] !== 'application/x-www-form-urlencoded') throw new Error('no form')
	const { payload } = await jwtVerify(new URLSearchParams(body).get('logout_token'), keys, { issuer, audience, typ: 'logout+jwt' })
	if ('nonce' in payload || JSON.stringify(payload.events) !== JSON.stringify({ [kind]: {} }) || !payload.jti || !payload.sid)
		throw new Error('no logout token')
	return `${payload.sid} ${payload.sub}`
}

createServer(async (request, response) => {
	let body = '', said
	for await (const piece of request) body += piece
	if (existsSync(`${log}.sick`)) {
		appendFileSync(log, 'sick\n')
		return response.writeHead(503).end()
	}
	try {
		said = await judge(request, body)
	} catch (e) {
		appendFileSync(log, `refused ${e.message}\n`)
		return response.writeHead(400).end()
	}
	appendFileSync(log, `${said}\n`)
	response.writeHead(200, { 'Cache-Control': 'no-store' }).end()
}).listen(Number(port), '127.0.0.1', () => appendFileSync(log, 'ready\n'))
