import type { EnvEntry } from '../../compose/projectSpec.js';

/** Plain words and numbers: nothing that could be a path, an address or a list of options. */
const plainValue = /^[\w.,:+@-]{0,100}$/;

/**
 * Forms of variables that no program takes for something to load, run or connect to. Everything else asks: it is not for
 * us to know all of NODE_OPTIONS, PATH, LD_PRELOAD, BASH_ENV, GIT_*, *_BASE_URL, proxies and their next relatives.
 */
const harmless: readonly { readonly name: RegExp; readonly value: RegExp }[] = [
  {
    name: /^(?:CI|COLUMNS|DEBUG|FORCE_COLOR|LINES|LOG_LEVEL|NODE_ENV|NO_COLOR|PORT|RUST_LOG|VERBOSE)$/,
    value: plainValue,
  },
  // Locales are looked up below system folders; a path would load a file of the repository.
  { name: /^(?:LANG|LANGUAGE|LC_[A-Z]+)$/, value: plainValue },
  { name: /^TZ$/, value: /^[A-Za-z][A-Za-z_+-]{0,30}(?:\/[A-Za-z_+-]{1,30}){0,2}[\d+-]{0,3}$/ },
  // Prefixes that applications choose for their own settings.
  { name: /^(?:APP|FEATURE|NEXT_PUBLIC|REACT_APP)_[A-Z0-9_]+$/, value: plainValue },
];

/** True for a variable that needs nobody's consent. A secret always does: it sends something of the user's to somebody. */
export function harmlessVariable(entry: EnvEntry): boolean {
  if (entry.secret) return false;
  return harmless.some(({ name, value }) => name.test(entry.name) && value.test(entry.value));
}
