// npm's samlp as provider of SAML on 127.0.0.1: whoever comes is alice. node samlp.js PORT KEY CERTIFICATE SP-CERTIFICATE
// One service provider for each way: https://sp.example/{assertion,response,both,encrypted}; encrypted is AES-256-GCM.
const fs = require('fs'), crypto = require('crypto'), express = require('express'), samlp = require('samlp');
const [port, key, certificate, theirs] = process.argv.slice(2);
const read = (name) => fs.readFileSync(name);
const ways = {
	assertion: { signAssertion: true, signResponse: false },
	response: { signAssertion: false, signResponse: true },
	both: { signAssertion: true, signResponse: true },
	encrypted: { signAssertion: true, signResponse: false, encryptionCert: read(theirs),
		encryptionPublicKey: new crypto.X509Certificate(read(theirs)).publicKey.export({ type: 'spki', format: 'pem' }),
		encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm', keyEncryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p' },
};
const app = express();
for (const [name, way] of Object.entries(ways)) {
	const sp = `https://sp.example/${name}`;
	app.get(`/${name}`, samlp.auth({
		issuer: `http://127.0.0.1:${port}/metadata`, cert: read(certificate), key: read(key), signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
		recipient: `${sp}/acs`, destination: `${sp}/acs`, audience: sp, ...way,
		getPostURL: (audience, document, request, done) => done(null, `${sp}/acs`),
		getUserFromRequest: () => ({ id: 'alice', displayName: 'Alice', emails: [{ value: 'alice@acme.example' }], name: { givenName: 'Alice', familyName: 'A' } }),
	}));
}
app.listen(Number(port), '127.0.0.1', () => console.log('ready'));
