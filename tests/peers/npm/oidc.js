// npm's oidc-provider on 127.0.0.1 as https://localhost:PORT, with pages of its own to sign on (any name, any password), PKCE, and logout by back channel.
// node oidc.js PORT KEY CERTIFICATE RP: RP is where the relying party has /callback and /logout
const fs = require('fs'), https = require('https'), crypto = require('crypto');
const [port, key, certificate, rp] = process.argv.slice(2);
import('oidc-provider').then(({ Provider, default: fallback }) => {
	const issuer = `https://localhost:${port}`;
	const jwk = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
	const provider = new (Provider || fallback)(issuer, {
		clients: [{ client_id: 'rosterd-at-acme', client_secret: 'a secret of tests, which is long', redirect_uris: [`${rp}/callback`],
			backchannel_logout_uri: `${rp}/logout`, backchannel_logout_session_required: true, post_logout_redirect_uris: [] }],
		jwks: { keys: [{ ...jwk, use: 'sig', alg: 'RS256', kid: 'real' }] },
		cookies: { keys: ['a key of tests'] },
		claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
		conformIdTokenClaims: false,
		features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
		// Its own way keeps away from addresses of this machine.
		fetch: (url, { method, body, headers }) => fetch(url, { method, body, headers }),
		findAccount: (context, id) => ({ accountId: id,
			claims: () => ({ sub: id, name: 'Somebody Known', email: `${id}@acme.example`, email_verified: true }) }),
	});
	provider.on('backchannel.error', (context, error) => console.log('back channel: ' + error.message + ' ' + (error.cause || '')));
	https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, provider.callback())
		.listen(Number(port), '127.0.0.1', () => console.log('ready'));
});
