/** The only file that names the OpenID library; loaded when somebody logs in with another service. */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  discovery,
  fetchProtectedResource,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type ClientAuth,
} from 'openid-client';
import { isLoopback } from '../server/listenAddress.js';
import type { ProviderPlaces, ProviderSettings } from '../environment/loginSettings.js';

/** How long the other service may take for each answer, in seconds. */
const patienceSeconds = 15;

/** What is kept of a login that has begun, until its browser comes back. */
export interface BegunLogin {
  readonly url: URL;
  readonly state: string;
  /** Of OpenID Connect; empty otherwise. */
  readonly nonce: string;
  readonly verifier: string;
}

/** A login with another service, by the code flow with PKCE and state. */
export interface LoginClient {
  begin(): Promise<BegunLogin>;
  /** Names of who has logged in there that nobody else can have. */
  finish(search: string, begun: BegunLogin): Promise<readonly string[]>;
}

/** The client of a service that describes itself, or of one that the settings describe. */
export function openIdClient(settings: ProviderSettings): LoginClient {
  const { places } = settings;
  return places.kind === 'described' ? new DescribedProvider(settings, places) : new PlainProvider(settings, places);
}

type Places<Kind> = Extract<ProviderPlaces, { readonly kind: Kind }>;

/** An OpenID Connect provider: a signed token says who somebody is, and a nonce that it was made for this login. */
class DescribedProvider implements LoginClient {
  readonly #settings: ProviderSettings;
  readonly #issuer: URL;
  #configuration: Promise<Configuration> | undefined;

  constructor(settings: ProviderSettings, { issuer }: Places<'described'>) {
    this.#settings = settings;
    this.#issuer = new URL(issuer);
  }

  async begin(): Promise<BegunLogin> {
    return await beginAt(await this.#discovered(), this.#settings, { nonce: randomNonce() });
  }

  /** A verified address, and what the provider calls them itself. */
  async finish(search: string, { state, nonce, verifier }: BegunLogin): Promise<readonly string[]> {
    const configuration = await this.#discovered();
    const tokens = await authorizationCodeGrant(configuration, cameBack(this.#settings, search), {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) return [];
    const more = claims['email'] === undefined ? await this.#moreClaims(tokens.access_token, claims.sub) : {};
    const { email, email_verified: verified }: Readonly<Record<string, unknown>> = { ...claims, ...more };
    const address = typeof email === 'string' && verified === true ? [email.toLowerCase()] : [];
    // Where people choose their own name, one could be called like another one's address.
    return claims.sub.includes('@') ? address : [...address, claims.sub];
  }

  async #moreClaims(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>> {
    const configuration = await this.#discovered();
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    return { ...(await fetchUserInfo(configuration, accessToken, subject)) };
  }

  #discovered(): Promise<Configuration> {
    const { clientId, secret, clientAuth } = this.#settings;
    const server = this.#issuer;
    const execute = isUnprotectedHere(server) ? [allowInsecureRequests] : [];
    const options = { execute, timeout: patienceSeconds };
    this.#configuration ??= discovery(server, clientId, undefined, authOf(clientAuth, secret), options).catch(
      (error: unknown) => {
        // A provider that could not be reached may be there for the next one.
        this.#configuration = undefined;
        throw error;
      },
    );
    return this.#configuration;
  }
}

/**
 * A service with plain OAuth 2, as GitHub is one: it vouches for nobody itself. Who somebody is says another address of it, asked with the access
 * token that this host was given for this login.
 */
class PlainProvider implements LoginClient {
  readonly #settings: ProviderSettings;
  readonly #places: Places<'plain'>;
  readonly #configuration: Configuration;

  constructor(settings: ProviderSettings, places: Places<'plain'>) {
    const { clientId, secret, clientAuth } = settings;
    const { authorize, token } = places;
    const server = {
      issuer: new URL(authorize).origin,
      authorization_endpoint: authorize,
      token_endpoint: token,
    };
    this.#settings = settings;
    this.#places = places;
    this.#configuration = new Configuration(server, clientId, undefined, authOf(clientAuth, secret));
    this.#configuration.timeout = patienceSeconds;
    if ([authorize, token, places.user].some(text => isUnprotectedHere(new URL(text))))
      allowInsecureRequests(this.#configuration);
  }

  async begin(): Promise<BegunLogin> {
    return await beginAt(this.#configuration, this.#settings, {});
  }

  /** What they are called there, and their number as `id:4711`: names can be given up, and taken by somebody else. */
  async finish(search: string, { state, verifier }: BegunLogin): Promise<readonly string[]> {
    const back = cameBack(this.#settings, search);
    // There is one service, whose name for itself nobody has told us.
    back.searchParams.delete('iss');
    const checks = { expectedState: state, pkceCodeVerifier: verifier };
    const tokens = await authorizationCodeGrant(this.#configuration, back, checks);
    const accept = new Headers({ 'accept': 'application/json', 'user-agent': 'muster' });
    const place = new URL(this.#places.user);
    const token = tokens.access_token;
    const answer = await fetchProtectedResource(this.#configuration, token, place, 'GET', undefined, accept);
    if (!answer.ok) throw new Error(`${place.host} answered ${answer.status} to the question who logged in`);
    const found: unknown = await answer.json();
    if (typeof found !== 'object' || found === null) return [];
    const said = new Map<string, unknown>(Object.entries(found));
    const [name, id] = [said.get(this.#places.field), said.get('id')];
    const isNumber = typeof id === 'number' || (typeof id === 'string' && id !== '');
    // A name that looks like an address or a number of somebody else's proves nothing: people choose it.
    const named = typeof name === 'string' && /^[\p{L}\p{N}._-]{1,100}$/u.test(name) ? [name] : [];
    return [...(isNumber ? [`id:${id}`] : []), ...named];
  }
}

async function beginAt(
  configuration: Configuration,
  { callback, scopes }: ProviderSettings,
  more: { readonly nonce?: string },
): Promise<BegunLogin> {
  const [verifier, state] = [randomPKCECodeVerifier(), randomState()];
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: callback,
    ...(scopes !== '' && { scope: scopes }),
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...more,
  });
  return { url, state, nonce: more.nonce ?? '', verifier };
}

/** Where the browser is, as it was registered there: something in front of this host may see another address. */
function cameBack({ callback }: ProviderSettings, search: string): URL {
  const current = new URL(callback);
  current.search = search;
  return current;
}

/** On this machine alone nobody listens in between. */
function isUnprotectedHere({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && isLoopback(hostname);
}

function authOf(method: ProviderSettings['clientAuth'], secret: string): ClientAuth {
  switch (method) {
    case 'none':
      return None();
    case 'basic':
      return ClientSecretBasic(secret);
    case 'client_secret_post':
      return ClientSecretPost(secret);
  }
}
