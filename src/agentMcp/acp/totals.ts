import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jsonValue } from '../../base/jsonObject.js';
import { ownValue } from '../../base/ownValue.js';
import { isRecord } from '../../base/unknownFields.js';
import { openForeignFile } from '../../node/foreignFile.js';
import { homeFolder } from '../../node/person.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where an agent says what a conversation took, when it does not say it in the protocol. */
export interface TotalsSource {
  /** Its program prints it as JSON when it is called with these words and the conversation. */
  readonly call?: readonly string[];
  /** It is in the last line with this mark of a log whose name ends with the conversation. */
  readonly log?: {
    /** Variable that names the agent's folder, and that folder below the home directory otherwise. */
    readonly variable: string;
    readonly usual: string;
    readonly folder: string;
    readonly mark: string;
  };
}

/** A program gets this long, and this much room: a whole conversation is in what it prints. */
const callLimits = { timeout: 30_000, maxBuffer: 256 * 1024 * 1024 };
/** What is read of the end of a log. */
const tailBytes = 4 * 1024 * 1024;

/** What the agent says of a conversation; undefined when it says nothing. Never rejects: what a run took is not worth a failed one. */
export async function readTotals(
  { call, log }: TotalsSource,
  {
    conversation,
    command,
    env,
  }: { readonly conversation: string; readonly command: string; readonly env: Environment },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    if (log) return recordOf(await lastMarked(log, conversation, env));
    if (!call) return undefined;
    const { stdout } = await promisify(execFile)(command, [...call, conversation], { env, ...callLimits });
    const said = recordOf(stdout);
    // The conversation itself stays out of the run's output.
    return said && { info: said['info'] };
  } catch {
    return undefined;
  }
}

async function lastMarked(
  { variable, usual, folder, mark }: Exclude<TotalsSource['log'], undefined>,
  conversation: string,
  env: Environment,
): Promise<string> {
  const root = join(ownValue(env, variable) || join(homeFolder(env) ?? '/', usual), folder);
  const name = (await readdir(root, { recursive: true })).find(each => each.endsWith(`${conversation}.jsonl`));
  const opened = await openForeignFile(join(root, name ?? ''));
  if (opened.kind !== 'file') return '';
  try {
    const from = Math.max(0, opened.stats.size - tailBytes);
    const buffer = Buffer.alloc(opened.stats.size - from);
    const { bytesRead } = await opened.file.read(buffer, 0, buffer.length, from);
    return (
      buffer
        .toString('utf8', 0, bytesRead)
        .split('\n')
        .findLast(line => line.includes(mark)) ?? ''
    );
  } finally {
    await opened.file.close();
  }
}

function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = jsonValue(text);
  return isRecord(value) ? value : undefined;
}
