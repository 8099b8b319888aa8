// An OpenID Connect provider on a free port, and one that behaves as ORCID does; it says where they are on its first
// line. Sign in as anybody in PEOPLE, with any password.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [REDIRECTS] = process.argv.slice(2); // what our own addresses begin with
const PEOPLE = {
  ada: { name: 'Ada Lovelace', email: 'ada@example.org', email_verified: true },
  eve: { given_name: 'Eve', family_name: 'Else', email: 'Ada@Example.org', email_verified: true },
  bob: { name: 'Bob', email: 'bob@example.org', email_verified: false },
  '0000-0002-1825-0097': { given_name: 'Josiah', family_name: 'Carberry' },
};

async function listen(name, { scopes, methods, claims, conformIdTokenClaims }) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: name,
        client_secret: `${name}-client-secret-that-nobody-may-see`,
        redirect_uris: [`${REDIRECTS}/auth/${name}/callback`],
        token_endpoint_auth_method: methods[0],
      },
    ],
    clientAuthMethods: methods,
    scopes,
    claims,
    conformIdTokenClaims,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['only for tests'] },
    findAccount: (_ctx, id) => PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) },
  });
  server.on('request', provider.callback());
  return issuer;
}

const house = await listen('house', {
  scopes: ['openid', 'email', 'profile'],
  methods: ['client_secret_basic'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
  conformIdTokenClaims: true, // who they are is told at the userinfo endpoint alone
});
const orcid = await listen('orcid', {
  scopes: ['openid'],
  methods: ['client_secret_post'],
  claims: { openid: ['sub', 'given_name', 'family_name'] },
  conformIdTokenClaims: false,
});
console.log(JSON.stringify({ house, orcid }));
