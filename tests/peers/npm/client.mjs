// A real client of OpenID Connect, npm's openid-client, one step at a time. Each line of standard input is a JSON array: CLIENT, SECRET ("-" of a public
// client), COMMAND and its words. What it is told goes to standard output as a line of JSON, and what it refuses as {"refused": code}.
// Usage: node client.mjs ISSUER
//
//   begin REDIRECT [NAME=VALUE ...]            {url, state, nonce, verifier}
//   finish URL STATE NONCE VERIFIER            {tokens, claims}
//   refresh TOKEN | userinfo TOKEN SUB | introspect TOKEN | revoke TOKEN
//   leave ID_TOKEN URI STATE                   {url}
//   forget                                     what it was told of the issuer, and its keys
//
// A client whose name ends in "-es" wants ES256, one that ends in "-post" shows its secret in the body.
import * as client from 'openid-client'
import { webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline'

globalThis.crypto ??= webcrypto // Node.js 18

const [issuer] = process.argv.slice(2)
const known = new Map()

async function configured(id, secret) {
	const key = `${id} ${secret}`

	if (!known.has(key)) {
		const show = id.endsWith('-post') ? client.ClientSecretPost : client.ClientSecretBasic
		const config = await client.discovery(new URL(issuer), id, { id_token_signed_response_alg: id.endsWith('-es') ? 'ES256' : 'RS256' },
			secret === '-' ? client.None() : show(secret), { execute: [client.allowInsecureRequests] })
		client.enableNonRepudiationChecks(config) // verify signatures, though the token came over a connection of ours
		known.set(key, config)
	}
	return known.get(key)
}

const commands = {
	async begin(config, redirect, ...pairs) {
		const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce()
		const url = client.buildAuthorizationUrl(config, {
			redirect_uri: redirect, scope: 'openid profile email', state, nonce,
			code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
			...Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
		})
		return { url: url.href, state, nonce, verifier }
	},
	async finish(config, url, expectedState, expectedNonce, pkceCodeVerifier) {
		const tokens = await client.authorizationCodeGrant(config, new URL(url), {
			expectedState, expectedNonce, pkceCodeVerifier, idTokenExpected: true,
		})
		return { tokens, claims: tokens.claims() }
	},
	async refresh(config, token) {
		const tokens = await client.refreshTokenGrant(config, token)
		return { tokens, claims: tokens.claims() }
	},
	userinfo: (config, token, subject) => client.fetchUserInfo(config, token, subject),
	introspect: (config, token) => client.tokenIntrospection(config, token),
	async revoke(config, token) {
		await client.tokenRevocation(config, token)
		return {}
	},
	leave: async (config, hint, uri, state) => ({
		url: client.buildEndSessionUrl(config, { id_token_hint: hint, post_logout_redirect_uri: uri, state }).href,
	}),
}

async function answer(line) {
	const [id, secret, command, ...words] = JSON.parse(line)

	if (command === 'forget') return known.clear() ?? {} // keys too: it asks for them again at most once a minute

	try {
		return await commands[command](await configured(id, secret), ...words)
	} catch (e) {
		return { refused: e.error ?? e.code ?? e.name, why: e.error_description ?? e.cause?.message ?? e.message }
	}
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await answer(line)))
