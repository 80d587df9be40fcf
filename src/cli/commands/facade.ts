import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineCommand } from '../command.js';

/** What `dist/farFacade.js` gives to whoever loads it into its own process. */
interface FacadeBundle {
  runFacade(options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
    readonly write: (line: string) => void;
  }): Promise<void>;
}

export const facade = defineCommand({
  name: 'facade',
  summary: 'call models for runs in a cluster, as a process of its own',
  details:
    'It needs no host and no state: it believes tokens that the hosts of MUSTER_FACADE_HOST_KEYS have signed, and holds the keys of models. It is set up by environment variables (docs/cluster.md) and ends at SIGTERM when the calls that are at work have ended.',
  async run({ bundleDir, env, signal, out }) {
    // Not a process beside this one, which would only wait for it.
    const bundle: unknown = await import(pathToFileURL(join(bundleDir, 'farFacade.js')).href);
    if (!isFacadeBundle(bundle)) throw new Error('dist/farFacade.js does not export runFacade.');
    await bundle.runFacade({ env, signal, write: line => out.line(line) });
    return 0;
  },
});

export const facadeKey = defineCommand({
  name: 'facade key',
  summary: 'print the public key by which facades know this host',
  details: 'It is no secret: give it to each facade as MUSTER_FACADE_HOST_KEYS.',
  async run({ out, json, repeatable, signal }) {
    const { key } = await repeatable(client => client.models.getFacadeKey({}, { signal }));
    if (json) out.json({ key });
    else out.line(key);
    return 0;
  },
});

function isFacadeBundle(module: unknown): module is FacadeBundle {
  return (
    typeof module === 'object' && module !== null && 'runFacade' in module && typeof module.runFacade === 'function'
  );
}
