/** The only file that names the OpenID library; loaded when somebody logs in with another service. */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  discovery,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type ClientAuth,
  type Configuration,
} from 'openid-client';
import { isLoopback } from '../server/listenAddress.js';
import type { ProviderSettings } from '../environment/loginSettings.js';

/** How long the other service may take for each answer, in seconds. */
const patienceSeconds = 15;

/** What is kept of a login that has begun, until its browser comes back. */
export interface BegunLogin {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** An OpenID Connect provider, by the code flow with PKCE, state and nonce. */
export class OpenIdClient {
  readonly #settings: ProviderSettings;
  #configuration: Promise<Configuration> | undefined;

  constructor(settings: ProviderSettings) {
    this.#settings = settings;
  }

  async begin(): Promise<BegunLogin> {
    const { callback, scopes } = this.#settings;
    const configuration = await this.#discovered();
    const [verifier, state, nonce] = [randomPKCECodeVerifier(), randomState(), randomNonce()];
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: callback,
      scope: scopes,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    return { url, state, nonce, verifier };
  }

  /** Names of who has logged in there that nobody else can have: a verified address, and what the provider calls them itself. */
  async finish(search: string, { state, nonce, verifier }: BegunLogin): Promise<readonly string[]> {
    const configuration = await this.#discovered();
    const current = new URL(this.#settings.callback);
    current.search = search;
    const tokens = await authorizationCodeGrant(configuration, current, {
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
    const { issuer, clientId, secret, clientAuth } = this.#settings;
    const server = new URL(issuer);
    // On this machine alone nobody listens in between.
    const execute = server.protocol === 'http:' && isLoopback(server.hostname) ? [allowInsecureRequests] : [];
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
