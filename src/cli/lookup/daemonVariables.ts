import { join } from 'node:path';
import { ownValue } from '../../base/ownValue.js';
import type { Environment } from '../../client/stateDirectory.js';
import { readDotenv } from '../../compose/dotenv.js';
import { readForeignFile } from '../../node/foreignFile.js';

/** A list of variables: a megabyte is a mistake. */
const maxBytes = 1_000_000;

/** What the host reads of its own environment. Nothing else of a file that lies around is taken: not PATH, not what Node loads. */
const taken =
  /^(HTTP_LISTEN|HTTP_BASIC_AUTH|(AUTH|OAUTH)_[A-Z_]+|MUSTER_(TLS_CERT|TLS_KEY|PLAIN_HTTP|LOGIN_USERS|MAX_RUNS|WARM_WORKTREES|BRANCH_PREFIX|RETENTION_[A-Z_]+))$/;

/** What was found in a folder's `.env`. */
export interface DaemonVariables {
  readonly values: Readonly<Record<string, string>>;
  /** For people: where they come from, and which lines are none. */
  readonly notes: readonly string[];
}

/** The variables of `.env` in the folder that a daemon is started from, as agent-compose's reads it; what the environment has wins. */
export async function daemonVariables(directory: string, env: Environment): Promise<DaemonVariables> {
  const path = join(directory, '.env');
  const file = await readForeignFile(path, { maxBytes });
  if (file.kind === 'missing') return { values: {}, notes: [] };
  if (file.kind === 'refused') return { values: {}, notes: [`${path} is not read: ${file.reason}.`] };
  const { values, problems } = readDotenv(new TextDecoder().decode(file.bytes), name => ownValue(env, name));
  const found = [...values].filter(([name]) => taken.test(name) && (ownValue(env, name) ?? '') === '');
  const names = found.map(([name]) => name).join(', ');
  return {
    values: Object.fromEntries(found),
    notes: [
      ...(names === '' ? [] : [`From ${path}: ${names}.`]),
      ...problems.map(({ line, text }) => `${path}, line ${line}: ${text}`),
    ],
  };
}
