/**
 * npm tells its scripts about itself through the environment: `npm_config_user_agent` names the Node that npm runs on,
 * `npm_config_prefix` that Node's folder, and so on. An npm that is started from such a script, under another Node, takes
 * all of it for settings of the person, and what it installs believes that it runs on the first one's Node.
 */

/** What says how to reach a registry and where downloads are kept. A person may have set these nowhere else. */
const aboutRegistries = new Set(
  [
    ...[
      'registry',
      'cache',
      'userconfig',
      'globalconfig',
      'proxy',
      'https_proxy',
      'noproxy',
      'cafile',
      'ca',
      'cert',
      'key',
    ],
    ...[
      'strict_ssl',
      'local_address',
      'maxsockets',
      'offline',
      'prefer_offline',
      'prefer_online',
      'replace_registry_host',
    ],
    ...['fetch_retries', 'fetch_retry_factor', 'fetch_retry_mintimeout', 'fetch_retry_maxtimeout', 'fetch_timeout'],
  ].map(name => `npm_config_${name}`),
);

/**
 * The environment without what an outer npm put into it, as if the person had called the program in a terminal.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function withoutNpm(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOfNpm(name)));
}

/** @param {string} name */
function isOfNpm(name) {
  if (name === 'NODE' || name === 'INIT_CWD') return true;
  // npm writes small letters; what is written in capitals is the person's own.
  if (!name.startsWith('npm_')) return false;
  // `npm_config_//host/:_authToken` and `npm_config_@scope:registry`.
  return !aboutRegistries.has(name) && !/^npm_config_(\/\/|@)/.test(name);
}
